/**
 * Says in the log when a service is in trouble, and when it is healthy again.
 *
 * States: healthy → in trouble (throttled, unreachable, unauthorized), told in a line → healthy, told in a line.
 *
 * Keeps true: however often a service changes its mind, there are two lines a minute for a connection at most.
 */
import type { Logger } from 'pino';
import type { Exchange } from '../lro/answer';
import { requestIdsOf } from '../lro/request-id';
import type { Clock } from './clock';

const TELL_EVERY_MS = 60_000;
const MAX_RETRY_AFTER_CHARS = 40;

type Trouble = 'Throttled' | 'Unreachable' | 'Unauthorized';

const TEXTS: Record<Trouble, string> = {
  Throttled: 'the service asks for a pause: submits and polls are held, and one at a time tries again',
  Unreachable: 'the service does not answer as it should',
  Unauthorized: "the service refuses the connection's credentials",
};

export class HealthLog {
  private toldAtMs = -Infinity;
  /** What was told and is not over. */
  private told: { trouble: Trouble; sinceMs: number } | undefined;

  constructor(
    private readonly connection: string,
    private readonly baseUrl: string,
    private readonly clock: Clock,
    private readonly log: Logger | undefined,
  ) {}

  /** What came of a request that was let go. */
  saw(exchange: Exchange): void {
    // Another host that is busy says nothing about this service.
    if (this.log === undefined || exchange.kind === 'untrusted' || !exchange.url.startsWith(this.baseUrl)) return;
    const trouble = troubleOf(exchange);
    if (trouble === undefined) this.healthy(this.log);
    else this.troubled(trouble, exchange, this.log);
  }

  private healthy(log: Logger): void {
    const { told, connection } = this;
    if (told === undefined) return;
    this.told = undefined;
    const forSeconds = Math.round((this.clock.monotonicMs() - told.sinceMs) / 100) / 10;
    log.info({ connection, trouble: told.trouble, forSeconds }, 'the connection is healthy again');
  }

  private troubled(trouble: Trouble, exchange: Exchange, log: Logger): void {
    const nowMs = this.clock.monotonicMs();
    if (this.told !== undefined || nowMs - this.toldAtMs < TELL_EVERY_MS) return;
    this.told = { trouble, sinceMs: nowMs };
    this.toldAtMs = nowMs;
    log.warn({ connection: this.connection, trouble, ...reasonOf(exchange) }, TEXTS[trouble]);
  }
}

function troubleOf(exchange: Exchange): Trouble | undefined {
  if (exchange.kind === 'noCredentials') return 'Unauthorized';
  if (exchange.kind !== 'answer') return 'Unreachable';
  const { httpStatus } = exchange;
  if (httpStatus === 429 || httpStatus === 503) return 'Throttled';
  if (httpStatus === 401) return 'Unauthorized';
  return httpStatus >= 500 ? 'Unreachable' : undefined;
}

function reasonOf(exchange: Exchange): object {
  if (exchange.kind !== 'answer') return { reason: exchange.reason };
  const { httpStatus, headers } = exchange;
  return { httpStatus, retryAfter: headers['retry-after']?.slice(0, MAX_RETRY_AFTER_CHARS), ...requestIdsOf(exchange) };
}
