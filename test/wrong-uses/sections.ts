/** All wrong uses, in the order of docs/wrong-uses.md. */
import { EMBEDDING, JAVASCRIPT, TYPESCRIPT } from './rows/client';
import { ARGUMENTS, FILES } from './rows/lro-arguments';
import { IDS, SCHEDULES, SERVICES } from './rows/lro-runs';
import { TEMPORAL } from './rows/lro-temporal';
import { DEMO, EMULATOR, RECEIVERS } from './rows/servers';
import { WORKER } from './rows/worker';
import { SECRETS } from './secrets';
import type { Section } from './wrong-use';

export const SECTIONS: readonly Section[] = [
  WORKER,
  ARGUMENTS,
  FILES,
  TEMPORAL,
  IDS,
  SERVICES,
  SCHEDULES,
  JAVASCRIPT,
  TYPESCRIPT,
  EMBEDDING,
  EMULATOR,
  DEMO,
  RECEIVERS,
];

/** What no message holds: stacks, the insides of other languages, values that nobody wrote. */
const INSIDES =
  /^ {2,}at .*[(:]|at Object\.|"stack"|tonic|panicked|os error|Custom \{|\bundefined\b|\[object Object\]|DeprecationWarning|INVALID_ARGUMENT/m;

/** What a message has that it must not have. */
export function insidesIn(said: string): string[] {
  const found = INSIDES.exec(said);
  return [...(found === null ? [] : [found[0]]), ...SECRETS.filter((secret) => said.includes(secret)).map(() => 'a secret')];
}
