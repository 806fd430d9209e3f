/** Bringing outcomes into a form that can be compared, and saying in what they differ. */
import type { HistoryEvent } from '../workflows/history';
import type { End, Expected, Outcome } from './row';

/** What differs by nature between two runs of one row, and what it is written as. */
export interface Own {
  url: string;
  connection: string;
}

/** The same value with what is a run's own masked: its URL and connection, and times. */
export function masked<T>(value: T, { url, connection }: Own): T {
  if (value === undefined) return value;
  const text = JSON.stringify(value)
    .replaceAll(url, '{base}')
    .replaceAll(new URL(url).host, '{host}')
    .replaceAll(connection, '{connection}')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '{time}');
  return JSON.parse(text) as T;
}

/** The same value without some of its fields. */
export function without<T extends object, Field extends keyof T>(value: T, ...fields: Field[]): Omit<T, Field> {
  return Object.fromEntries(Object.entries(value).filter(([field]) => !(fields as string[]).includes(field))) as Omit<T, Field>;
}

/** How it ended, without times and what is a run's own. */
export function commonEnd(end: End, own: Own): End & Pick<Outcome, 'polls'> {
  const { polls } = end.result ?? {};
  return { ...masked({ ...end, result: end.result && without(end.result, 'submittedAt', 'completedAt', 'polls') }, own), polls };
}

export const NO_NAME = '(no name)';

interface NamedTimer {
  /** {@link NO_NAME} where it has none. */
  name: string;
  seconds: number;
}

function timersOf(events: readonly HistoryEvent[]): NamedTimer[] {
  return events.flatMap(({ timerStartedEventAttributes: timer, userMetadata }) => {
    if (!timer) return [];
    const { data } = userMetadata?.summary ?? {};
    const name = !data || data.length === 0 ? NO_NAME : String(JSON.parse(Buffer.from(data).toString()));
    const { seconds, nanos } = timer.startToFireTimeout ?? {};
    return [{ name: withoutTrouble(name), seconds: Number(seconds ?? 0) + (nanos ?? 0) / 1e9 }];
  });
}

/** A timer that waits because something is wrong says that, too: times and words are the service's. */
function withoutTrouble(name: string): string {
  const [, what, why] = /^\w+ since \S+, next (submit|try) \S+ \(([^)]*)\): /.exec(name) ?? [];
  return what === undefined ? name : `wait 0 s${what === 'submit' ? ' to submit again' : ''} (${String(why)})`;
}

/** Names of the durable timers, each once, with the numbers masked; {@link NO_NAME} for those that have none. */
export function timerNames(events: readonly HistoryEvent[]): string[] {
  const names = timersOf(events).map(({ name }) => name.replaceAll(/\d+(\.\d+)? s\b/g, '* s'));
  return [...new Set(names)].sort();
}

/** The last backoff before a submit, in whole seconds. */
export function lastBackoffSeconds(events: readonly HistoryEvent[]): number | undefined {
  const last = timersOf(events).findLast(({ name }) => name.endsWith(' to submit again (backoff)'));
  return last && Math.floor(last.seconds);
}

/** In what the outcomes differ from each other, and from what is expected, and timers that operators cannot read: one line each. */
export function differences(outcomes: Readonly<Record<string, Outcome>>, expected: Expected): string[] {
  const leaves = Object.entries(outcomes).map(([shape, outcome]) => ({ shape, of: leavesOf(outcome) }));
  const paths = new Set(leaves.flatMap(({ of }) => [...of.keys()]));
  const apart = [...paths].flatMap((path) => {
    const values = leaves.map(({ shape, of }) => ({ shape, value: of.get(path) }));
    if (values.every(({ value }) => value === values[0]?.value)) return [];
    return [`${path}: ${values.map(({ shape, value }) => `${shape} ${value ?? '-'}`).join(' · ')}`];
  });
  const wrong = [...leavesOf(expected)].flatMap(([path, wanted]) =>
    leaves.flatMap(({ shape, of }) => (fits(of.get(path), wanted) ? [] : [`${path}: ${shape} ${of.get(path) ?? '-'}, expected ${wanted}`])),
  );
  const nameless = Object.entries(outcomes).flatMap(([shape, { timers }]) =>
    timers.includes(NO_NAME) ? [`${shape}: a timer without a name`] : [],
  );
  return [...apart, ...wrong, ...nameless];
}

/** Path → value as JSON; a regular expression as it is written. */
function leavesOf(value: unknown, path = ''): Map<string, string> {
  if (value === undefined) return new Map();
  if (value instanceof RegExp) return new Map([[path, String(value)]]);
  const isTree = typeof value === 'object' && value !== null && Object.keys(value).length > 0;
  if (!isTree) return new Map([[path, JSON.stringify(value)]]);
  const below = Object.entries(value).flatMap(([key, one]) => [...leavesOf(one, path === '' ? key : `${path}.${key}`)]);
  return new Map(below);
}

function fits(found: string | undefined, wanted: string): boolean {
  const [, pattern] = /^\/(.*)\/$/s.exec(wanted) ?? [];
  return pattern === undefined ? found === wanted : new RegExp(pattern).test(found ?? '');
}
