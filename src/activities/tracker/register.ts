/**
 * Hands operations to the trackers of their connections.
 *
 * Keeps true: registrations that come together go together, in one signal; who registers the same operation again changes nothing.
 */
import { Context, log } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import type { Connections } from '../../http';
import { inGroups } from '../../jobs/groups';
import { MAX_DEPTH, nextPath, trackerId, type Registration } from '../../jobs/tracked';
import type { Json } from '../../contract';
import { jsonBytes } from '../../lro/sizes';
import { withHeartbeat } from '../heartbeat';
import { REGISTER_SIGNAL, SPLIT_MEMO, TRACK_OPERATIONS } from '../../jobs/tracker-names';
import type { NotShared, PassOnRequest, RegisterRequest, TrackerInput } from './messages';
import { notShareable } from './shareable';
import { unlessClosed } from './unless-closed';

/** Registrations of a worker wait for each other so long. */
const WINDOW_MS = 50;
/** Of the registrations in one signal, as JSON: a signal may have 2 MB. */
const MAX_SIGNAL_BYTES = 262_144;
/** That a tracker is not split yet is asked again after that. */
const KNOWN_MS = 30_000;
/** That it is does not change; of so many it is remembered. */
const MAX_KNOWN = 1000;

interface Waiting {
  registration: Registration;
  /** Where its wait counts from now: since then, by the clock of this process. */
  answeredAtMs: number | undefined;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/** All registrations of a worker. */
export class Registrar {
  private readonly waiting = new Map<string, { to: TrackerInput; list: Waiting[] }>();
  private readonly splits = new Map<string, { isSplit: Promise<boolean>; untilMs: number }>();

  constructor(private readonly connections: Connections) {}

  /**
   * @param answeredAtMs of one whose answer has just come: by the clock of this process. Absent: it says itself when it is due
   * @returns the id of the first tracker of the connection, or why it was not handed over
   * @throws where Temporal does not take it
   */
  async register(registration: Registration, answeredAtMs?: number): Promise<{ tracker: string } | NotShared> {
    const { connection: name } = registration.about;
    const connection = this.connections.get(name);
    const refused = connection === undefined ? `connection "${name}" is not here` : notShareable(registration.step.monitor, connection);
    if (refused !== undefined) {
      log.info('operation is followed by its own workflow', { connection: name, reason: refused });
      return { refused };
    }
    const { client, info } = Context.current();
    const { taskQueue } = info;
    const path = await this.pathOf(client, taskQueue, registration);
    await this.together(client, taskQueue, { connection: name, path }, { registration, answeredAtMs });
    return { tracker: trackerId(taskQueue, name) };
  }

  /** As far down as trackers are known to be split: those above would only pass it on. */
  private async pathOf(client: Client, taskQueue: string, { workflowId, about }: Registration): Promise<string> {
    let path = '';
    while (path.length < MAX_DEPTH && (await this.isSplit(client, trackerId(taskQueue, about.connection, path))))
      path = nextPath(workflowId, path);
    return path;
  }

  private isSplit(client: Client, id: string): Promise<boolean> {
    const known = this.splits.get(id);
    if (known !== undefined && performance.now() < known.untilMs) return known.isSplit;
    if (this.splits.size >= MAX_KNOWN) this.splits.clear();
    const isSplit = wasSplit(client, id).catch(() => false);
    const asked = { isSplit, untilMs: performance.now() + KNOWN_MS };
    this.splits.set(id, asked);
    void isSplit.then((split) => (asked.untilMs = split ? Infinity : asked.untilMs));
    return isSplit;
  }

  private together(
    client: Client,
    taskQueue: string,
    to: TrackerInput,
    what: Pick<Waiting, 'registration' | 'answeredAtMs'>,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const id = trackerId(taskQueue, to.connection, to.path);
      const waiting = this.waiting.get(id);
      const one = { ...what, resolve, reject };
      if (waiting !== undefined) return void waiting.list.push(one);
      this.waiting.set(id, { to, list: [one] });
      setTimeout(() => void this.send(client, taskQueue, id), WINDOW_MS);
    });
  }

  private async send(client: Client, taskQueue: string, id: string): Promise<void> {
    const { to, list } = this.waiting.get(id) ?? { to: undefined, list: [] };
    this.waiting.delete(id);
    if (to === undefined) return;
    for (const part of inGroups(list, MAX_SIGNAL_BYTES, ({ registration }) => bytesOf(registration))) {
      const registrations = part.map(withAge);
      await signalTracker(client, taskQueue, to, REGISTER_SIGNAL, registrations).then(
        () => part.forEach(({ resolve }) => resolve()),
        (err: unknown) => part.forEach(({ reject }) => reject(err)),
      );
    }
  }
}

function bytesOf(registration: Registration): number {
  return jsonBytes(registration as unknown as Json) ?? 0;
}

function withAge({ registration, answeredAtMs }: Waiting): Registration {
  return answeredAtMs === undefined ? registration : { ...registration, agoMs: Math.floor(performance.now() - answeredAtMs) };
}

/** Activity `register`. */
export function makeRegister(registrar: Registrar) {
  return ({ registration }: RegisterRequest): Promise<{ tracker: string } | NotShared> =>
    withHeartbeat(() => registrar.register(registration));
}

/** Activity `passOn`: from a tracker that was split to one of the two it was split into. */
export async function passOn({ registrations, ...to }: PassOnRequest): Promise<void> {
  const { client, info } = Context.current();
  await withHeartbeat(async () => {
    for (const part of inGroups(registrations, MAX_SIGNAL_BYTES, bytesOf))
      await signalTracker(client, info.taskQueue, to, REGISTER_SIGNAL, part);
  });
}

/** Signals a tracker, and starts it where it does not run. */
export async function signalTracker(client: Client, taskQueue: string, to: TrackerInput, signal: string, argument: unknown): Promise<void> {
  await client.workflow.signalWithStart(TRACK_OPERATIONS, {
    workflowId: trackerId(taskQueue, to.connection, to.path),
    taskQueue,
    args: [to],
    signal,
    signalArgs: [argument],
    staticSummary: `polls operations of ${to.connection}`,
  });
}

/** Whether a tracker that runs was split. */
async function wasSplit(client: Client, id: string): Promise<boolean> {
  const described = await unlessClosed(() => client.workflow.getHandle(id).describe());
  return described?.status.name === 'RUNNING' && described.memo?.[SPLIT_MEMO] === true;
}
