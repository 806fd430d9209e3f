/**
 * Keeps the connections of a worker within their part of the rates that all workers share.
 *
 * Keeps true:
 * 1. Temporal is asked only while the worker has work for a shared connection, and until the others know of it.
 * 2. What Temporal does not answer never stops work.
 */
import type { Connection, Connections } from '../http';
import { LOOK_EVERY_MS, Neighbours } from '../sharing/neighbours';
import { divided, newcomers, type Rates } from '../sharing/rates';
import { reasonOf } from '../text/reason';
import type { ListedWorkers } from './listed-workers';
import type { Logger } from 'pino';

const TICK_MS = 100;
/** Without work for so long it looks no more. */
const AWAKE_MS = 10_000;

export interface RateSharingOptions {
  connections: Connections;
  /** Of this worker, as Temporal lists it. */
  identity: string;
  listed: Pick<ListedWorkers, 'ask'>;
  log?: Logger;
}

export class RateSharing {
  private readonly shared: Connection[];
  private readonly neighbours: Neighbours;
  private awakeUntilMs = 0;
  private lookAtMs = 0;
  private isLooking = false;
  private timer: NodeJS.Timeout | undefined;
  private told: number | 'unknown' = 1;

  constructor(private readonly options: RateSharingOptions) {
    const { connections, identity } = options;
    this.neighbours = new Neighbours(identity);
    this.shared = connections.names().flatMap((name) => {
      const connection = connections.get(name);
      return connection === undefined || connection.limits.share === false ? [] : [connection];
    });
  }

  /** From now on. Call {@link stop} when the worker has ended. */
  start(): void {
    for (const { rates } of this.shared) rates.onUse = () => this.used();
    if (this.shared.length > 0) this.wake();
  }

  stop(): void {
    clearInterval(this.timer);
    for (const { rates } of this.shared) rates.onUse = () => undefined;
  }

  private used(): void {
    const nowMs = performance.now();
    this.awakeUntilMs = nowMs + AWAKE_MS;
    this.neighbours.used(nowMs);
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

  private apply(nowMs: number): void {
    const { workers, isFirm } = this.neighbours.at(nowMs);
    for (const { limits, rates } of this.shared) {
      const part: Rates = divided(limits, workers);
      rates.change(isFirm ? part : newcomers(part), isFirm);
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
