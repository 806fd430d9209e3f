/**
 * Keeps the connections of a worker within their part of the rates that all workers share.
 *
 * Keeps true:
 * 1. Temporal is asked only while the worker has work for a shared connection, and until the others know of it.
 * 2. What Temporal does not answer never stops work.
 */
import type { Logger } from 'pino';
import type { Connection, Connections } from '../http';
import { LOOK_EVERY_MS, Neighbours, type Neighbourhood } from '../sharing/neighbours';
import { OwnWindow } from '../sharing/own-window';
import { divided, newcomers } from '../sharing/rates';
import { reasonOf } from '../text/reason';
import type { Limiters } from './limiters';
import type { ListedWorkers } from './listed-workers';

const TICK_MS = 100;
/** Without work for so long it looks no more. */
const AWAKE_MS = 10_000;

export interface RateSharingOptions {
  connections: Connections;
  /** Of this worker, as Temporal lists it. */
  identity: string;
  listed: Pick<ListedWorkers, 'ask'>;
  limiters: Pick<Limiters, 'ask'>;
  log?: Logger;
}

/** A connection whose rates are shared. */
interface Shared {
  connection: Connection;
  /** Where a limiter hands them out. */
  window?: OwnWindow;
}

export class RateSharing {
  private readonly shared: Shared[];
  private readonly neighbours: Neighbours;
  private awakeUntilMs = 0;
  private lookAtMs = 0;
  private isLooking = false;
  private timer: NodeJS.Timeout | undefined;
  private told: number | 'unknown' = 1;

  constructor(private readonly options: RateSharingOptions) {
    const { connections, identity } = options;
    this.neighbours = new Neighbours(identity);
    this.shared = connections.names().flatMap((name): Shared[] => {
      const connection = connections.get(name);
      if (connection === undefined || connection.limits.share === false) return [];
      return [{ connection, window: connection.limits.share === 'exact' ? new OwnWindow(identity, ratesIn(connection)) : undefined }];
    });
  }

  /** From now on. Call {@link stop} when the worker has ended. */
  start(): void {
    for (const shared of this.shared) shared.connection.rates.onUse = () => this.used(shared);
    if (this.shared.length > 0) this.wake();
  }

  stop(): void {
    clearInterval(this.timer);
    for (const { connection } of this.shared) connection.rates.onUse = () => undefined;
  }

  private used({ window }: Shared): void {
    const nowMs = performance.now();
    this.awakeUntilMs = nowMs + AWAKE_MS;
    this.neighbours.used(nowMs);
    window?.used();
    if (this.timer === undefined) this.wake();
  }

  private wake(): void {
    this.timer = setInterval(() => this.tick(), TICK_MS);
    this.timer.unref();
    this.tick();
  }

  private tick(): void {
    const nowMs = performance.now();
    if (nowMs > this.awakeUntilMs && this.neighbours.isSettled(nowMs)) {
      clearInterval(this.timer);
      this.timer = undefined;
      return;
    }
    if (nowMs >= this.lookAtMs && !this.isLooking) void this.look(nowMs);
    for (const { connection, window } of this.shared) if (window?.isDue(nowMs) === true) void this.ask(connection, window, nowMs);
    this.apply(nowMs);
  }

  private async look(nowMs: number): Promise<void> {
    this.isLooking = true;
    try {
      this.neighbours.looked(await this.options.listed.ask(), nowMs);
      this.tell(this.neighbours.at(nowMs).workers);
      // One that has just begun is listed in a moment.
      if (this.neighbours.isListed) this.lookAtMs = nowMs + LOOK_EVERY_MS;
    } catch (error) {
      this.lookAtMs = nowMs + LOOK_EVERY_MS;
      this.options.log?.debug({ reason: reasonOf(error) }, 'Temporal does not say which workers there are');
    }
    this.isLooking = false;
    this.apply(performance.now());
  }

  private async ask(connection: Connection, window: OwnWindow, nowMs: number): Promise<void> {
    const { limiters, log } = this.options;
    const { name, rates } = connection;
    const wasFailing = window.isFailing;
    try {
      const request = window.request(rates.takeUse(), this.neighbours.at(nowMs).workers, rates.overload, nowMs);
      const granted = await limiters.ask(name, request);
      window.granted(granted, nowMs);
      if (granted.hold !== undefined) rates.holdFor(granted.hold);
      log?.debug({ connection: name, ...granted }, 'window of the limiter');
      if (wasFailing) log?.info({ connection: name }, 'the limiter answers again');
    } catch (error) {
      window.failed(nowMs);
      if (!wasFailing)
        log?.warn({ connection: name, reason: reasonOf(error) }, 'the limiter does not answer: the rates are divided meanwhile');
    }
    this.apply(performance.now());
  }

  private apply(nowMs: number): void {
    const neighbourhood = this.neighbours.at(nowMs);
    for (const { connection, window } of this.shared) {
      // The next window may be another one.
      if (window !== undefined) connection.rates.change(window.at(nowMs, neighbourhood), false);
      else connection.rates.change(partOf(connection, neighbourhood), neighbourhood.isFirm);
    }
    if (this.neighbours.isBlind(nowMs)) this.tell('unknown');
  }

  private tell(workers: number | 'unknown'): void {
    if (workers === this.told) return;
    this.told = workers;
    const { log } = this.options;
    if (workers !== 'unknown') log?.info({ workers }, 'the rates of connections are shared by so many workers');
    else log?.warn('Temporal does not say which workers there are: this one works with the whole rates of its connections');
  }
}

function partOf(connection: Connection, { workers, isFirm }: Neighbourhood) {
  const part = divided(connection.limits, workers);
  return isFirm ? part : newcomers(part);
}

function ratesIn({ limits: { submitsPerSecond, pollsPerSecond, concurrentRequests } }: Connection) {
  return { submitsPerSecond, pollsPerSecond, concurrentRequests };
}
