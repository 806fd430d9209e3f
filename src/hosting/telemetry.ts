/**
 * Metrics by the SDK's runtime, as public dashboards for Temporal expect them: counters end in `_total`, durations are in seconds, and units
 * are in names.
 */
import { createServer, isIP } from 'node:net';
import type { MetricsExporterConfig } from '@temporalio/worker';
import { z } from 'zod';
import { ConfigError, isPlace } from '../config';
import { BUCKETS_SECONDS, REQUEST_METRICS } from '../metrics/catalog';
import { whyNotListening } from '../text/reason';

/** Set by Prometheus or by the SDK, or a label of a metric: nobody else's. */
const RESERVED_TAGS = ['job', 'instance', 'le', 'quantile', 'namespace', 'service_name', 'connection', 'status', 'trouble', 'outcome'];
const MAX_TAGS = 20;
const MAX_VALUE_CHARS = 100;
const TAGS_FORM = 'must be like site=berlin,stage=production';

const tags = z
  .string()
  .transform((text) => text.split(',').map((pair) => pair.split('=').map((part) => part.trim())))
  .refine((pairs) => pairs.length <= MAX_TAGS, `must have at most ${MAX_TAGS} labels`)
  .refine((pairs) => pairs.every(isTag), `${TAGS_FORM}, names of letters, digits and _, values of at most ${MAX_VALUE_CHARS} characters`)
  .refine(
    (pairs) => !pairs.some(([name = '']) => RESERVED_TAGS.includes(name)),
    `must not have labels of others: ${RESERVED_TAGS.join(', ')}`,
  )
  .transform((pairs) => Object.fromEntries(pairs.map(([name = '', value = '']) => [name, value])));

function isTag([name = '', value = '', ...more]: string[]): boolean {
  return (
    /^[a-z_][a-z0-9_]*$/i.test(name) && !name.startsWith('__') && value.length > 0 && value.length <= MAX_VALUE_CHARS && more.length === 0
  );
}

function hostOf(place: string): string {
  return place.slice(0, place.lastIndexOf(':')).replace(/^\[|\]$/g, '');
}

/** In the worker's environment. */
export const metricsVariables = {
  LRO_METRICS_ADDRESS: z
    .string()
    .refine((place) => isPlace(place) && isIP(hostOf(place)) !== 0, 'must be an IP address and a port, such as 0.0.0.0:9464')
    .optional(),
  LRO_METRICS_TAGS: tags.optional(),
  LRO_METRICS_COUNT_SECONDS: z.coerce
    .number({ error: 'must be 0 or a number of seconds from 1 to 3600' })
    .refine((seconds) => seconds === 0 || (seconds >= 1 && seconds <= 3600), 'must be 0 or a number of seconds from 1 to 3600')
    .default(30),
};

export interface MetricsSettings {
  /** `host:port` of the Prometheus endpoint; absent: without metrics. */
  address?: string;
  /** Labels of all metrics. */
  tags?: Record<string, string>;
  /** How often open operations are counted; 0: never. */
  countEverySeconds: number;
}

/** Schedule-to-start says whether there are enough workers: what matters lies between a millisecond and minutes. */
const WAITS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
/** Operations last from seconds to days. */
const LONG_SECONDS = [1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 12 * 3600, 24 * 3600, 3 * 24 * 3600];

/** Before the SDK listens at `place`, whose core would say it in its own words. @throws ConfigError when nobody can listen there */
export async function requireFree(place: string): Promise<void> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', (err: NodeJS.ErrnoException) => {
      reject(new ConfigError([`LRO_METRICS_ADDRESS: cannot listen at ${place}: ${whyNotListening(err)}`]));
    });
    probe.listen(Number(place.slice(place.lastIndexOf(':') + 1)), hostOf(place), () => probe.close(() => resolve()));
  });
}

/** For `telemetryOptions.metrics` of `Runtime.install`, in the worker process and in programs that embed a worker. */
export function prometheusMetrics({
  address,
  tags: globalTags,
}: {
  address: string;
  tags?: Record<string, string>;
}): MetricsExporterConfig {
  return {
    ...(globalTags === undefined ? {} : { globalTags }),
    prometheus: {
      bindAddress: address,
      countersTotalSuffix: true,
      unitSuffix: true,
      useSecondsForDurations: true,
      histogramBucketOverrides: {
        [REQUEST_METRICS.pollLateness.name]: [...BUCKETS_SECONDS],
        [REQUEST_METRICS.submitLatency.name]: [...BUCKETS_SECONDS],
        workflow_task_schedule_to_start_latency: WAITS_SECONDS,
        activity_schedule_to_start_latency: WAITS_SECONDS,
        workflow_task_execution_latency: WAITS_SECONDS,
        activity_execution_latency: [...BUCKETS_SECONDS],
        activity_succeed_endtoend_latency: [...BUCKETS_SECONDS],
        workflow_endtoend_latency: LONG_SECONDS,
      },
    },
  };
}
