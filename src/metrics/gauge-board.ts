/**
 * A gauge with labels whose values come and go.
 *
 * Keeps true: the SDK forgets no value that a gauge once had, so what is no longer there is set to what says so.
 */
import type { MetricGauge } from '@temporalio/common';
import type { Tags } from './meter';

export class GaugeBoard {
  private shown = new Map<string, Tags>();

  /** @param gone value of what is no longer there: 0 of what is counted, NaN of what is measured */
  constructor(
    private readonly gauge: MetricGauge,
    private readonly tags: Tags,
    private readonly gone: number,
  ) {}

  /** These are all values now. */
  show(values: readonly { labels: Tags; value: number }[]): void {
    const before = this.shown;
    this.shown = new Map();
    for (const { labels, value } of values) {
      const tags = { ...this.tags, ...labels };
      const key = JSON.stringify(labels);
      this.shown.set(key, tags);
      before.delete(key);
      this.gauge.set(value, tags);
    }
    for (const tags of before.values()) this.gauge.set(this.gone, tags);
  }
}
