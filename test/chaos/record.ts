/** What the service itself has on record of each operation: its database survives every kill, and a request is in it from the moment it arrives. */
import { Store } from '../../src/emulator/store';
import type { RecordedRequest } from '../../src/emulator';
import { endsAtMs, type OperationRecord } from '../../src/emulator/operation';

/** Everything of one name. Requests are in the order of their arrival. */
export interface OnRecord {
  submits: RecordedRequest[];
  /** Reads of its status, by whatever reason. */
  polls: RecordedRequest[];
  /** What was made under its keys: one, or the service was fooled. */
  operations: OperationRecord[];
}

export interface ServiceRecord {
  byName: Map<string, OnRecord>;
  requests: RecordedRequest[];
  operations: OperationRecord[];
}

/** Reads the service's database, which nobody has open any more. */
export function readRecord(path: string): ServiceRecord {
  const store = new Store(path);
  const record = recordOf(store.requests(), store.operations());
  store.close();
  return record;
}

export function recordOf(requests: RecordedRequest[], operations: OperationRecord[]): ServiceRecord {
  const byName = new Map<string, OnRecord>();
  const byOperation = new Map<string, OnRecord>();
  for (const request of requests.filter(({ method, path }) => method === 'POST' && !path.endsWith(':cancel'))) {
    const name = new URLSearchParams(request.query).get('description') ?? '';
    const of = byName.get(name) ?? { submits: [], polls: [], operations: [] };
    byName.set(name, of);
    of.submits.push(request);
    // The service takes the key as the operation's id.
    byOperation.set(request.headers['operation-id'] ?? '', of);
  }
  for (const request of requests) {
    const id = /\/operations\/([^/:]+)$/.exec(request.path)?.[1];
    if (request.method === 'GET' && id !== undefined) byOperation.get(id)?.polls.push(request);
  }
  for (const operation of operations) byOperation.get(operation.idempotencyKey ?? '')?.operations.push(operation);
  return { byName, requests, operations };
}

/** How many operations were open at the service, looked at once a second. */
export function openAtTimes({ operations }: ServiceRecord, fromMs: number, toMs: number): { median: number; most: number } {
  const counts: number[] = [];
  for (let atMs = fromMs; atMs <= toMs; atMs += 1000)
    counts.push(operations.filter((operation) => operation.createdAtMs <= atMs && endsAtMs(operation) > atMs).length);
  const sorted = counts.sort((one, other) => one - other);
  return { median: sorted[Math.floor(sorted.length / 2)] ?? 0, most: sorted.at(-1) ?? 0 };
}
