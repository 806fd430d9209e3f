/** What a worker that has worked tells Prometheus: its own metrics, and those of the SDK, in values, docs and dashboard. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OperationError } from '../../src/client';
import {
  BUCKETS_SECONDS,
  CONNECTION_METRICS,
  OPEN_METRICS,
  PROCESS_METRICS,
  REQUEST_METRICS,
  UNKNOWN,
  WORKFLOW_METRICS,
  type MetricDescription,
} from '../../src/metrics/catalog';
import type { Scrape } from './scrape';
import { metricsIn, strangersIn, tables, type Dashboard } from './named';
import { sum } from './scrape';
import { Worked } from './worked';

const OWN: MetricDescription[] = [REQUEST_METRICS, CONNECTION_METRICS, OPEN_METRICS, WORKFLOW_METRICS, PROCESS_METRICS].flatMap((group) =>
  Object.values<MetricDescription>(group),
);
const ROOT = join(__dirname, '../..');
const worked = new Worked();
/** While two operations are in trouble and one runs; and when all had ended. */
let during: Scrape;
let after: Scrape;

const failure = (operation: { result(): Promise<unknown> }): Promise<string> =>
  operation.result().then(
    () => 'none',
    (err: unknown) => (err as OperationError).type,
  );

beforeAll(async () => {
  await worked.start();
  const troubled = await Promise.all([worked.begin('down', 'down'), worked.begin('odd', 'odd'), worked.begin('running', 'maps')]);
  const [ok, busy, bad, unsure, nowhere] = await Promise.all([
    worked.begin('ok', 'maps'),
    worked.begin('busy', 'maps'),
    worked.begin('bad', 'maps'),
    worked.begin('unsure', 'maps', { onUncertainSubmit: 'fail' }),
    worked.begin('nowhere', 'https://not-a-name.example'),
  ]);
  const lost = Promise.all([worked.loseReport(), worked.troubleTemporal()]);
  expect(await Promise.all([ok, busy, bad, unsure, nowhere].map(failure))).toEqual([
    'none',
    'none',
    'SubmissionRejected',
    'SubmissionUncertain',
    'UnknownConnection',
  ]);
  during = await worked.scraped(
    (found) =>
      sum(found, 'lro_operations_in_trouble') === 2 &&
      // Without that which is held for nobody, and was ended by its test.
      sum(found, 'lro_open_operations') === 3 &&
      sum(found, 'lro_open_operations', { connection: 'maps', status: 'Running' }) === 1 &&
      (sum(found, 'lro_credentials_age_seconds') ?? 0) > 0,
  );
  await lost;
  for (const name of ['down', 'odd', 'running']) worked.release(name);
  for (const operation of troubled) await operation.pollNow();
  expect(await Promise.all(troubled.map(failure))).toEqual(['none', 'none', 'none']);
  after = await worked.scraped(
    (found) =>
      sum(found, 'lro_answers_total') === worked.service.seen.length &&
      sum(found, 'lro_open_operations') === 0 &&
      sum(found, 'lro_batch_open_items') === 0 &&
      sum(found, 'lro_held_seconds_total') !== 0,
  );
}, 120_000);
afterAll(() => worked.close());

test('every metric of its own is there, of the kind, with the labels and values that are said of it', () => {
  for (const { name, kind, labels } of OWN) {
    const shown = kind === 'counter' ? `${name}_total` : name;
    expect([shown, after.kinds.get(shown)]).toEqual([shown, kind]);
    const samples = after.samples.filter((sample) => sample.name === (kind === 'histogram' ? `${name}_count` : shown));
    expect(samples.length).toBeGreaterThan(0);
    for (const sample of samples) {
      const { namespace, taskQueue, workflowType, site, ...own } = sample.labels;
      expect(site).toBe('test');
      expect(Object.keys(own).sort()).toEqual(
        Object.keys(labels)
          .sort()
          .filter((label) => own[label] !== undefined),
      );
      expect(Object.keys(own).length).toBe(Object.keys(labels).length);
      const isOfProcess = Object.values<MetricDescription>(PROCESS_METRICS).some((one) => one.name === name);
      expect([namespace, taskQueue]).toEqual(isOfProcess ? [undefined, undefined] : ['default', worked.taskQueue]);
      expect([undefined, 'runOperation', 'runShard', 'runBatch']).toContain(workflowType);
      for (const [label, value] of Object.entries(own)) {
        const values = labels[label];
        const known =
          values === 'connections'
            ? ['maps', 'down', 'odd', UNKNOWN]
            : values === 'hashes'
              ? [expect.stringMatching(/^[0-9a-f]{8}$/)]
              : values;
        expect(known).toContainEqual(value);
      }
    }
  }
});

test('no metric of ours is there that is not described', () => {
  const described = new Set(OWN.map(({ name, kind }) => (kind === 'counter' ? `${name}_total` : name)));
  expect([...after.kinds.keys()].filter((name) => name.startsWith('lro_') && !described.has(name))).toEqual([]);
});

test('requests are counted by what came of them', () => {
  const answers = (labels: Record<string, string>): number | undefined => sum(after, 'lro_answers_total', labels);
  expect(answers({ connection: 'maps', request: 'submit', kind: 'throttled' })).toBe(1);
  expect(answers({ connection: 'maps', request: 'submit', kind: 'rejected' })).toBe(1);
  expect(answers({ connection: 'maps', request: 'submit', kind: 'unreachable' })).toBe(1);
  // 250 items at once and one that stays open, and four operations; the busy one only with its second try.
  expect(answers({ connection: 'maps', request: 'submit', kind: 'ok' })).toBe(251 + 4);
  expect(answers({ connection: 'down', request: 'poll', kind: 'unreachable' })).toBeGreaterThan(0);
  expect(answers({ connection: 'odd', request: 'poll', kind: 'unreadable' })).toBeGreaterThan(0);
  expect(answers({ request: 'poll', kind: 'ok' })).toBeGreaterThanOrEqual(6);
  expect(answers({ request: 'find' })).toBe(0);
  const tried = worked.service.seen.length;
  expect(answers({})).toBe(tried);
  expect(sum(after, 'lro_throttles_total')).toBe(1);
  expect(sum(after, 'lro_throttles_total', { connection: 'maps', request: 'submit' })).toBe(1);
  expect(sum(after, 'lro_uncertain_submits_total', { connection: 'maps' })).toBe(1);
  expect(sum(after, 'lro_submit_latency_seconds_count')).toBe(worked.service.seen.filter(({ method }) => method === 'POST').length);
  expect(sum(after, 'lro_poll_lateness_seconds_count')).toBe(worked.service.seen.filter(({ method }) => method === 'GET').length);
});

test('ends are counted by outcome and failure, items by outcome', () => {
  const ends = after.samples.filter(({ name }) => name === 'lro_operations_ended_total');
  expect(ends.map(({ labels: { connection, outcome, failure: why }, value }) => [connection, outcome, why, value].join()).sort()).toEqual([
    'down,succeeded,,1',
    'maps,failed,SubmissionRejected,1',
    'maps,succeeded,,3',
    'maps,uncertain,SubmissionUncertain,1',
    'odd,succeeded,,1',
    'unknown,invalid,UnknownConnection,1',
  ]);
  expect(sum(after, 'lro_batch_items_ended_total', { outcome: 'succeeded' })).toBe(251);
  expect(sum(after, 'lro_batch_items_ended_total')).toBe(251);
  expect(sum(after, 'lro_reports_lost_total')).toBe(1);
});

test('open operations and trouble are counted while they last', () => {
  expect(sum(during, 'lro_open_operations')).toBe(3);
  expect(sum(during, 'lro_open_operations', { connection: 'down', status: 'Accepted' })).toBe(1);
  expect(sum(during, 'lro_operations_in_trouble', { connection: 'down', trouble: 'Unreachable' })).toBe(1);
  expect(sum(during, 'lro_operations_in_trouble', { connection: 'odd', trouble: 'Unreadable' })).toBe(1);
  expect(sum(after, 'lro_operations_in_trouble')).toBe(0);
});

test('the age of file and credentials is told, and when these expire', () => {
  const left = sum(after, 'lro_credentials_expire_in_seconds', { connection: 'maps' }) ?? 0;
  expect(left).toBeGreaterThan(3000);
  expect(left).toBeLessThanOrEqual(3600);
  expect(sum(after, 'lro_credentials_expire_in_seconds', { connection: 'down' })).toBeUndefined();
  expect(sum(after, 'lro_credentials_age_seconds', { connection: 'maps' })).toBeGreaterThan(0);
  expect(sum(after, 'lro_file_age_seconds')).toBeGreaterThan(0);
  expect(sum(after, 'lro_worker_file')).toBe(1);
});

test('histograms of ours are in the buckets that they were given', () => {
  for (const { name } of OWN.filter(({ kind }) => kind === 'histogram')) {
    const bounds = new Set(after.samples.filter((sample) => sample.name === `${name}_bucket`).map(({ labels }) => Number(labels['le'])));
    expect([...bounds].filter(Number.isFinite)).toEqual(BUCKETS_SECONDS);
  }
});

test('no URL, id or secret stands in them', () => {
  const text = JSON.stringify([during, after].map(({ samples }) => samples.map(({ name, labels }) => [name, labels])));
  for (const secret of [worked.secret, 'not-a-name', `:${worked.service.port}`, 'http', 'item-', 'batch-', 'unsure']) {
    expect(text).not.toContain(secret);
  }
});

const documented = tables(readFileSync(join(ROOT, 'docs/metrics.md'), 'utf8'));

test('docs/metrics.md tells of each what it is, of our own all', () => {
  for (const { metric, kind } of documented) expect([metric, after.kinds.get(metric)]).toEqual([metric, kind]);
  const own = documented.filter(({ metric }) => metric.startsWith('lro_'));
  const described = OWN.map(({ name, kind, labels }) => ({
    metric: kind === 'counter' ? `${name}_total` : name,
    kind,
    labels: Object.keys(labels).sort(),
  }));
  const byName = (rows: { metric: string }[]): unknown[] =>
    [...new Map(rows.map((row) => [row.metric, row])).values()].sort((a, b) => (a.metric < b.metric ? -1 : 1));
  expect(byName(own)).toEqual(byName(described));
});

describe('the dashboard', () => {
  const { panels } = JSON.parse(readFileSync(join(ROOT, 'deploy/grafana/durable-lro.json'), 'utf8')) as Dashboard;
  const expressions = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

  test('names only metrics that a worker has, in labels that these have', () => {
    const missing = expressions.flatMap((expr) => strangersIn(expr, after));
    expect(missing).toEqual([]);
  });

  test('shows all of our own', () => {
    const shown = new Set(expressions.flatMap((expr) => metricsIn(expr)).map((name) => name.replace(/_bucket$/, '')));
    expect(OWN.map(({ name, kind }) => (kind === 'counter' ? `${name}_total` : name)).filter((name) => !shown.has(name))).toEqual([]);
  });

  test('has metrics only that docs/metrics.md explains', () => {
    const explained = new Set(documented.map(({ metric }) => metric));
    const shown = expressions.flatMap((expr) => metricsIn(expr)).map((name) => name.replace(/_bucket$/, ''));
    expect(shown.filter((name) => !explained.has(name))).toEqual([]);
  });

  test('fits on one screen, panel beside panel', () => {
    const taken = new Set<string>();
    for (const {
      gridPos: { x, y, w, h },
    } of panels)
      for (let column = x; column < x + w; column++) for (let line = y; line < y + h; line++) taken.add(`${column}/${line}`);
    expect(taken.size).toBe(panels.reduce((sum_, { gridPos: { w, h } }) => sum_ + w * h, 0));
    // 30 px a line, on a screen of 1080.
    expect(Math.max(...panels.map(({ gridPos: { y, h } }) => y + h))).toBeLessThanOrEqual(25);
  });

  test('what is not there is found', () => {
    expect(strangersIn('sum by (kind, color) (rate(lro_answers_total{connection="a", taste="sour"}[5m])) / lro_nothing', after)).toEqual([
      'lro_answers_total{taste}',
      'lro_nothing',
      'by (color)',
    ]);
  });
});

test('a worker that was told to end says that it drains, as long as something is under way', async () => {
  expect(sum(after, 'lro_worker_draining')).toBe(0);
  await worked.begin('held', 'maps');
  await worked.untilHeld('held');
  worked.worker.signal('SIGTERM');
  await worked.scraped((found) => sum(found, 'lro_worker_draining') === 1);
  worked.release('held');
  expect((await worked.worker.exited).code).toBe(0);
});
