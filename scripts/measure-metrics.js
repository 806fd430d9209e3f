/**
 * What counting costs a poll: `npm run build`, then `node scripts/measure-metrics.js`. The meter of a connection as polls use it, over a runtime
 * with a Prometheus endpoint and over one without.
 */
const { noopMetricMeter } = require('@temporalio/common');
const { Runtime } = require('@temporalio/worker');
const { prometheusMetrics } = require('../dist/hosting/telemetry');
const { WorkerMetrics } = require('../dist/metrics/worker-metrics');

const POLLS = 100_000;
const ROUNDS = 5;
const answer = { kind: 'answer', method: 'GET', url: 'https://example.com/operations/1', httpStatus: 200, headers: {}, body: { text: '' } };

function microsecondsAPoll(meter) {
  const requests = new WorkerMetrics(meter, { namespace: 'default', taskQueue: 'lro' }).requestsOf('maps');
  const before = process.cpuUsage();
  for (let poll = 0; poll < POLLS; poll++) {
    const metered = requests.begin('poll', Date.now() - 10);
    metered.leaves();
    metered.answered(answer);
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / POLLS;
}

Runtime.install({ telemetryOptions: { metrics: prometheusMetrics({ address: '127.0.0.1:0' }) } });
const best = (meter) => Math.min(...Array.from({ length: ROUNDS }, () => microsecondsAPoll(meter)));
console.log(`with metrics:    ${best(Runtime.instance().metricMeter).toFixed(2)} µs of CPU a poll`);
console.log(`without metrics: ${best(noopMetricMeter).toFixed(2)} µs of CPU a poll`);
process.exit(0);
