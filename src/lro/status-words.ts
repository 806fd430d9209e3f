/**
 * What a status word means. Words are compared case-insensitively. [protocol.md section 2]
 */
import type { StatusKind } from './dialect';
import type { StatusWords } from './settings';

const BUILT_IN: Record<string, StatusKind> = {
  succeeded: 'succeeded',
  completed: 'succeeded',
  failed: 'failed',
  validationfailed: 'failed',
  canceled: 'canceled',
  cancelled: 'canceled',
};

/** Words that say "not at the end yet". Only where a 2xx answer could as well be the result (a `Location`) must a word be known to count as running. */
const KNOWN_RUNNING = new Set(
  (
    'notstarted running inprogress accepted pending queued started starting creating created updating deleting processing provisioning ' +
    'validating waiting scheduled canceling cancelling undefined submitted preparing initializing executing ongoing softdeleting ' +
    'deploying scaling moving copying importing exporting converting training indexing stopping resuming restoring upgrading'
  ).split(' '),
);

/** Whether the connection adds the word to `words`. */
function isAmong(words: readonly string[], key: string): boolean {
  return words.some((extra) => extra.trim().toLowerCase() === key);
}

/** What a word means where a dialect names the words; `undefined` where neither it nor the connection knows the word. */
export function wordKind(word: string, more: StatusWords, own: Readonly<Record<StatusKind, readonly string[]>>): StatusKind | undefined {
  const key = word.trim().toLowerCase();
  const kinds = ['succeeded', 'failed', 'canceled', 'running'] as const;
  return kinds.find((kind) => isAmong(more[kind], key)) ?? kinds.find((kind) => isAmong(own[kind], key));
}

/** "All other values imply that the operation is still running" [ARM RPC, async-api-reference]; the deadline bounds them. */
export function statusKind(word: string, more: StatusWords): StatusKind {
  const key = word.trim().toLowerCase();
  for (const kind of ['succeeded', 'failed', 'canceled', 'running'] as const) {
    if (isAmong(more[kind], key)) return kind;
  }
  return Object.hasOwn(BUILT_IN, key) ? (BUILT_IN[key] ?? 'running') : 'running';
}

/** Whether the word is known to mean "still running", with whatever the service adds to it: `In Progress`, `Running, Progress = 5 %`, `InProgress:{…}`. */
export function isKnownRunning(word: string, more: StatusWords): boolean {
  const key = word.trim().toLowerCase();
  if (isAmong(more.running, key)) return true;
  if (statusKind(key, more) !== 'running') return false;
  return isRunningAnywhere(key);
}

/** Whether services everywhere mean "still running" by the word. */
export function isRunningAnywhere(word: string): boolean {
  const [, head = ''] = /^([a-z _-]+)([^a-z _-]|$)/.exec(word.trim().toLowerCase()) ?? [];
  return KNOWN_RUNNING.has(head.replace(/[ _-]/g, ''));
}
