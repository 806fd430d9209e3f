/**
 * Whether Temporal answers a worker, and a line in the log when that changes.
 *
 * States: answers → lost (told at level warn) → found again (told at level info).
 *
 * Keeps true: one small question every two seconds, whatever the worker does; it never ends the worker, whose SDK goes on asking for work.
 */
import type { NativeConnection } from '@temporalio/worker';
import type { Logger } from 'pino';
import { reasonOf } from '../text/reason';

const ASK_EVERY_MS = 2000;
const ANSWER_MS = 3000;
const MAX_REASON_CHARS = 300;

export class TemporalWatch {
  private timer: NodeJS.Timeout | undefined;
  private isEnded = false;
  private lostAtMs: number | undefined;

  /** @param address for the log */
  constructor(
    private readonly connection: NativeConnection,
    private readonly address: string,
    private readonly log: Logger,
  ) {
    this.plan();
  }

  /** Whether the last question had no answer. */
  get isLost(): boolean {
    return this.lostAtMs !== undefined;
  }

  /** Before the connection is closed. */
  end(): void {
    this.isEnded = true;
    clearTimeout(this.timer);
  }

  private plan(): void {
    this.timer = setTimeout(() => void this.ask(), ASK_EVERY_MS);
    this.timer.unref();
  }

  private async ask(): Promise<void> {
    try {
      await inTime(this.connection.withDeadline(Date.now() + ANSWER_MS, () => this.connection.workflowService.getSystemInfo({})));
      this.found();
    } catch (err) {
      this.lost(reasonOf(err));
    }
    if (!this.isEnded) this.plan();
  }

  private lost(reason: string): void {
    if (this.isEnded || this.lostAtMs !== undefined) return;
    this.lostAtMs = performance.now();
    const { address } = this;
    this.log.warn(
      { address, reason: reason.slice(0, MAX_REASON_CHARS) },
      'Temporal is lost: it does not answer, and no work is taken until it does',
    );
  }

  private found(): void {
    if (this.isEnded || this.lostAtMs === undefined) return;
    const forSeconds = Math.round((performance.now() - this.lostAtMs) / 100) / 10;
    this.lostAtMs = undefined;
    this.log.info({ address: this.address, forSeconds }, 'Temporal is found again');
  }
}

/** The SDK asks again by itself, for ten seconds, whatever the deadline. */
async function inTime(answer: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ANSWER_MS / 1000} s`)), ANSWER_MS);
  });
  try {
    await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
