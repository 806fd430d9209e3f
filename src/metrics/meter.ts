/** Making instruments of the SDK's meter as `catalog.ts` describes them. */
import { noopMetricMeter, type MetricCounter, type MetricGauge, type MetricHistogram, type MetricMeter } from '@temporalio/common';
import type { MetricDescription } from './catalog';

/** Labels of a value. */
export type Tags = Record<string, string>;

/** Whether what is counted goes anywhere: not where the program's runtime has no metrics. */
export function isOn(meter: MetricMeter): boolean {
  return meter !== noopMetricMeter;
}

export function counterOf(meter: MetricMeter, { name, text }: MetricDescription & { kind: 'counter' }): MetricCounter {
  return meter.createCounter(name, undefined, text);
}

export function gaugeOf(meter: MetricMeter, { name, text }: MetricDescription & { kind: 'gauge' }): MetricGauge {
  return meter.createGauge(name, 'float', undefined, text);
}

export function histogramOf(meter: MetricMeter, { name, text }: MetricDescription & { kind: 'histogram' }): MetricHistogram {
  return meter.createHistogram(name, 'float', undefined, text);
}
