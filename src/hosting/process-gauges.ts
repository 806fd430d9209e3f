/** What the metrics say of the worker process as a whole: the version of its file, how old that is, and whether it drains. */
import type { MetricGauge, MetricMeter } from '@temporalio/common';
import { PROCESS_METRICS } from '../metrics/catalog';
import { gaugeOf, isOn } from '../metrics/meter';

const LOOK_EVERY_MS = 5000;

export class ProcessGauges {
  private readonly file: MetricGauge;
  private readonly fileAge: MetricGauge;
  private readonly draining: MetricGauge;
  private readonly timer: NodeJS.Timeout | undefined;
  private writtenAtMs: number | undefined;

  constructor(meter: MetricMeter) {
    this.file = gaugeOf(meter, PROCESS_METRICS.file);
    this.fileAge = gaugeOf(meter, PROCESS_METRICS.fileAge);
    this.draining = gaugeOf(meter, PROCESS_METRICS.draining);
    this.draining.set(0);
    if (!isOn(meter)) return;
    this.timer = setInterval(() => this.look(), LOOK_EVERY_MS);
    this.timer.unref();
  }

  /** New work is done with this version of the file. @param writtenAtMs the file's own time, in milliseconds since the epoch */
  uses(fileHash: string, writtenAtMs: number | undefined): void {
    this.file.set(1, { file_hash: fileHash });
    this.writtenAtMs = writtenAtMs;
    this.look();
  }

  /** Only what was begun with it is done with it. */
  usesNoLonger(fileHash: string): void {
    this.file.set(0, { file_hash: fileHash });
  }

  /** The process ends. */
  drains(): void {
    this.draining.set(1);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    if (this.writtenAtMs !== undefined) this.fileAge.set(Math.max(0, Date.now() - this.writtenAtMs) / 1000);
  }
}
