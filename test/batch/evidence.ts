/** What the service saw of a batch, by item. Times are those of the service's own clock. */
import type { ItemReport } from '../../src/contract';
import type { RecordedRequest } from '../../src/emulator';
import { earlyPolls } from '../support/process-harness';

export class Evidence {
  /** In the order of their arrival. */
  readonly submits: RecordedRequest[];
  readonly polls: RecordedRequest[];
  private readonly submitsByItem: Map<string, RecordedRequest[]>;
  private readonly pollsByOperation: Map<string, RecordedRequest[]>;

  constructor(requests: RecordedRequest[]) {
    this.submits = requests.filter(({ method }) => method === 'POST');
    this.polls = requests.filter(({ method, path }) => method === 'GET' && path.includes('/operations/'));
    this.submitsByItem = grouped(this.submits, ({ query }) => new URLSearchParams(query).get('description') ?? '');
    this.pollsByOperation = grouped(this.polls, ({ path }) => path.split('/').at(-1) ?? '');
  }

  submitsOf({ id }: Pick<ItemReport, 'id'>): RecordedRequest[] {
    return this.submitsByItem.get(id) ?? [];
  }

  pollsOf({ result, failure }: ItemReport): RecordedRequest[] {
    return this.pollsByOperation.get(result?.operationId ?? failure?.operationId ?? '') ?? [];
  }

  /** Polls that came too early, in words; but those that something between the last answer and them excuses. */
  early(report: Iterable<ItemReport>, retryAfterSeconds: number, isExcused?: (fromMs: number, toMs: number) => boolean): string[] {
    return [...report].flatMap((item) => earlyPolls(this.submitsOf(item), this.pollsOf(item), retryAfterSeconds, isExcused));
  }
}

/** The most of these requests that the service had open at once. */
export function mostAtOnce(requests: readonly RecordedRequest[]): number {
  const steps = requests.flatMap(({ receivedAtMs, answeredAtMs = Infinity }) => [
    { atMs: receivedAtMs, change: 1 },
    { atMs: answeredAtMs, change: -1 },
  ]);
  steps.sort((one, other) => one.atMs - other.atMs || one.change - other.change);
  let open = 0;
  let most = 0;
  for (const { change } of steps) most = Math.max(most, (open += change));
  return most;
}

/** The most of these requests that came within so many seconds. */
export function mostWithin(requests: readonly RecordedRequest[], seconds: number): number {
  const atMs = requests.map(({ receivedAtMs }) => receivedAtMs).sort((one, other) => one - other);
  let first = 0;
  let most = 0;
  for (const [last, lastMs] of atMs.entries()) {
    while ((atMs[first] ?? 0) <= lastMs - seconds * 1000) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

function grouped<T>(all: readonly T[], keyOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) groups.set(keyOf(one), [...(groups.get(keyOf(one)) ?? []), one]);
  return groups;
}
