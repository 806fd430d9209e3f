/** Servers that play a script, answer by answer, below `/scripts/{name}`: any member of the family, and any misbehaviour. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from './answer';
import { refusal } from './answer';
import type { ActiveScript, Bends, Script } from './fault-schema';
import { scriptSchema } from './fault-schema';
import { bend, literalAnswer } from './faults';
import type { Gate } from './gate';
import type { ServiceRequest } from './service-request';
import type { Store } from './store';

const scriptsSetting = 'scripts';
const cursorSetting = 'script-cursors';

export class Scripts {
  private readonly scripts: Map<string, ActiveScript>;
  /** How many answers each route has given. */
  private readonly cursors: Map<string, number>;

  constructor(
    private readonly store: Store,
    private readonly gate: Gate,
  ) {
    this.scripts = new Map((store.setting(scriptsSetting) as [string, ActiveScript][] | undefined) ?? []);
    this.cursors = new Map((store.setting(cursorSetting) as [string, number][] | undefined) ?? []);
  }

  /** A script of the same name is replaced, and starts again. */
  set(script: Script): ActiveScript {
    const active = scriptSchema.parse(script);
    this.scripts.set(active.name, active);
    for (const key of [...this.cursors.keys()]) if (key.startsWith(`${active.name} `)) this.cursors.delete(key);
    this.store.setSetting(scriptsSetting, [...this.scripts]);
    this.saveCursors();
    return active;
  }

  clear(): void {
    this.scripts.clear();
    this.cursors.clear();
  }

  /** The next answer of the script that the path belongs to; undefined for other paths, `cut` when there is to be no answer. */
  async answer(request: ServiceRequest): Promise<{ answer: Answer; bends?: Bends } | 'cut' | undefined> {
    const place = /^\/scripts\/([\w.-]+)(\/.*)?$/.exec(request.path);
    if (place === null) return undefined;
    const script = this.scripts.get(place[1] ?? '');
    const path = place[2] ?? '/';
    const route = script?.routes.find((one) => one.path === path && ['*', request.method].includes(one.method.toUpperCase()));
    await request.skipBody();
    if (script === undefined || route === undefined) {
      return { answer: refusal(404, 'NotFound', `No script answers ${request.method} ${request.path}.`) };
    }
    const cursorKey = `${script.name} ${route.method} ${route.path}`;
    const given = this.cursors.get(cursorKey) ?? 0;
    this.cursors.set(cursorKey, given + 1);
    this.saveCursors();
    const next = route.answers[Math.min(given, route.answers.length - 1)];
    if (next === undefined) return undefined;
    const { httpStatus, headers, body, rawBody, delayMs, holdUntilReleased, cut, ...bends } = next;
    if (delayMs !== undefined) await sleep(delayMs, undefined, { ref: false });
    if (holdUntilReleased === true) await this.gate.wait();
    if (cut === true) return 'cut';
    const base = `${request.origin}/scripts/${script.name}`;
    return {
      answer: bend(literalAnswer({ httpStatus, headers, body, rawBody }, request.origin, base), bends, request.origin, base),
      bends,
    };
  }

  private saveCursors(): void {
    this.store.setSetting(cursorSetting, [...this.cursors]);
  }
}
