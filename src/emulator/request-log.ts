/**
 * Which requests came when.
 *
 * Keeps true: a request is on record from the moment its head has arrived, whatever becomes of it; and the record survives a restart.
 */
import { preciseNowMs } from './operation';
import type { ServiceRequest } from './service-request';
import type { Store } from './store';

/** One raw request. Times are milliseconds since the epoch with a fraction. */
export interface RecordedRequest {
  seq: number;
  method: string;
  path: string;
  /** Raw, without the question mark. */
  query: string;
  /** Lower-case names; values as they came, credentials included. */
  headers: Record<string, string>;
  /** How much of the body was read. */
  bodyBytes: number;
  receivedAtMs: number;
  /** When the answer's last byte was handed to the socket. */
  answeredAtMs?: number;
  httpStatus?: number;
  /** The `Retry-After` that was sent. */
  retryAfter?: string;
  operationId?: string;
  /** The connection ended before the answer did. */
  cut?: true;
}

/** Which requests are meant; all given parts must hold. */
export interface RequestFilter {
  method?: string;
  /** Source of a regular expression on the path. */
  path?: string;
  /** Source of a regular expression on the raw query. */
  query?: string;
  /** Only requests with a higher `seq`. */
  since?: number;
  /** Only requests whose answer is complete. */
  answered?: boolean;
}

export class RequestLog {
  private requests: RecordedRequest[];
  private nextSeq: number;
  private readonly watchers = new Set<(changed: RecordedRequest) => void>();

  constructor(
    private readonly store: Store,
    private readonly maxRequests: number,
  ) {
    this.requests = store.requests();
    this.nextSeq = (this.requests.at(-1)?.seq ?? 0) + 1;
  }

  arrived(request: ServiceRequest, receivedAtMs: number): RecordedRequest {
    const recorded: RecordedRequest = {
      seq: this.nextSeq++,
      method: request.method,
      path: request.path,
      query: request.queryText,
      headers: request.flatHeaders(),
      bodyBytes: 0,
      receivedAtMs,
    };
    this.requests.push(recorded);
    if (request.idempotencyKey !== undefined && request.method !== 'GET') this.store.countSubmit(request.idempotencyKey);
    this.write(recorded);
    this.forgetOldest();
    return recorded;
  }

  /** The answer's last byte is on its way, or the connection is gone. */
  ended(
    recorded: RecordedRequest,
    how: Pick<RecordedRequest, 'bodyBytes' | 'httpStatus' | 'operationId' | 'retryAfter' | 'answeredAtMs'> & { cut?: true },
  ): void {
    recorded.bodyBytes = how.bodyBytes;
    recorded.operationId = how.operationId;
    if (how.cut === true) recorded.cut = true;
    else recorded.answeredAtMs = how.answeredAtMs ?? preciseNowMs();
    if (how.httpStatus !== undefined) recorded.httpStatus = how.httpStatus;
    if (how.retryAfter !== undefined) recorded.retryAfter = how.retryAfter;
    this.write(recorded);
  }

  select(filter: RequestFilter): RecordedRequest[] {
    return this.requests.filter(matcher(filter));
  }

  get count(): number {
    return this.nextSeq - 1;
  }

  /** Resolves with the matching requests when there are `count` of them, or with undefined when `signal` aborts first. */
  waitFor(filter: RequestFilter, count: number, signal: AbortSignal): Promise<RecordedRequest[] | undefined> {
    const matches = matcher(filter);
    const found = new Map(this.requests.filter(matches).map((request) => [request.seq, request]));
    return new Promise((resolve) => {
      // Looks at what has changed only: a batch's waits see a hundred thousand requests go by.
      const look = (changed?: RecordedRequest): void => {
        if (changed !== undefined && matches(changed)) found.set(changed.seq, changed);
        if (found.size < count && !signal.aborted) return;
        this.watchers.delete(look);
        signal.removeEventListener('abort', stop);
        resolve(found.size < count ? undefined : [...found.values()].sort((one, other) => one.seq - other.seq));
      };
      const stop = (): void => look();
      this.watchers.add(look);
      signal.addEventListener('abort', stop);
      look();
    });
  }

  clear(): void {
    this.requests = [];
    this.nextSeq = 1;
  }

  private write(recorded: RecordedRequest): void {
    if (this.store.isOpen) this.store.putRequest(recorded.seq, recorded);
    for (const look of [...this.watchers]) look(recorded);
  }

  /** Drops a tenth at a time, so that the array is not copied at every request. */
  private forgetOldest(): void {
    if (this.requests.length <= this.maxRequests * 1.1) return;
    this.requests = this.requests.slice(-this.maxRequests);
    this.store.deleteRequestsBefore(this.requests[0]?.seq ?? 0);
  }
}

function matcher(filter: RequestFilter): (request: RecordedRequest) => boolean {
  const path = filter.path === undefined ? undefined : new RegExp(filter.path);
  const query = filter.query === undefined ? undefined : new RegExp(filter.query);
  return (request) =>
    request.seq > (filter.since ?? 0) &&
    (filter.method === undefined || request.method === filter.method.toUpperCase()) &&
    (path === undefined || path.test(request.path)) &&
    (query === undefined || query.test(request.query)) &&
    (filter.answered !== true || request.answeredAtMs !== undefined);
}
