/**
 * Says in the log how many calls were refused, and why, without a line for each.
 *
 * Keeps true: nothing of the calls themselves is in it.
 */
import type { Logger } from 'pino';

const EVERY_MS = 10_000;

/** Why a call was refused. */
export type Refusal = 'no such URL' | 'wrong signature' | 'unknown connection' | 'too many at once' | 'not ready' | 'unreadable';

export class Refusals {
  private readonly counts = new Map<Refusal, number>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly log: Logger | undefined) {}

  add(reason: Refusal): void {
    this.counts.set(reason, (this.counts.get(reason) ?? 0) + 1);
    this.timer ??= setTimeout(() => this.tell(), EVERY_MS).unref();
  }

  /** Writes what is to be written. */
  tell(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.counts.size > 0) this.log?.warn({ refused: Object.fromEntries(this.counts) }, 'webhooks refused');
    this.counts.clear();
  }
}
