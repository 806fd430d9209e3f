/**
 * What a million polls cost in actions of Temporal Cloud: counted in the histories of real runs by the table of `bench/temporal-actions.ts`,
 * and held against what Temporal's own server has counted meanwhile. Another way to follow operations is a row of `WAYS`.
 */
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import axios from 'axios';
import * as activities from '../../bench/plain-temporal/activities';
import { actionsInHistory, actionTypesInMetrics, sumOfActions, totalOf, type ActionCounts } from '../../bench/temporal-actions';
import { RUN_BATCH, RUN_OPERATION } from '../../src/contract';
import { findFreePorts, startDevServer, type DevServer } from '../../src/devserver';
import { SEARCH_ATTRIBUTE_TYPES } from '../../src/setup';
import { testConfig } from '../support/config';
import { startTestHarness, type TestHarness } from '../support/in-process';
import { startCountingService, type CountingService } from './service';

/** The server adds up its metrics about once a second, and writes visibility records behind the workflows' own. */
const SETTLE_MS = 2500;

/** A way to follow operations. */
interface Way {
  workflow: string;
  taskQueue: 'lro' | 'plain';
  operations: number;
  /** What each workflow is started with. @param polls of each operation */
  argsOf(operations: number, polls: number, serviceUrl: string): unknown[][];
}

interface Cost {
  /** By the histories of all workflows. */
  inHistories: ActionCounts;
  /** By the server: in no history. */
  heartbeats: number;
  polls: number;
}

const input = (polls: number): object => ({ connection: 'default', submit: { path: `/jobs/${polls}`, body: {} } });
const times = <T>(count: number, one: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => one(index));
const plain: Way['argsOf'] = (operations, polls, serviceUrl) => times(operations, () => [`${serviceUrl}/jobs/${polls}`, {}]);

const WAYS = {
  loop: { workflow: 'pollInLoop', taskQueue: 'plain', operations: 10, argsOf: plain },
  retries: { workflow: 'pollByRetries', taskQueue: 'plain', operations: 10, argsOf: plain },
  operation: { workflow: RUN_OPERATION, taskQueue: 'lro', operations: 10, argsOf: (count, polls) => times(count, () => [input(polls)]) },
  shared: {
    workflow: RUN_OPERATION,
    taskQueue: 'lro',
    operations: 100,
    argsOf: (count, polls) => times(count, () => [{ ...input(polls), follow: 'shared' }]),
  },
  batch: {
    workflow: RUN_BATCH,
    taskQueue: 'lro',
    operations: 500,
    argsOf: (count, polls) => [[{ items: times(count, (index) => ({ id: `item-${index}`, ...input(polls) })), maxInFlight: count }]],
  },
} satisfies Record<string, Way>;

class Bed {
  private constructor(
    private readonly server: DevServer,
    private readonly metricsPort: number,
    private readonly service: CountingService,
    private readonly lro: TestHarness,
    private readonly plain: { client: Client; close(): Promise<void> },
  ) {}

  static async open(searchAttributes: typeof SEARCH_ATTRIBUTE_TYPES | undefined): Promise<Bed> {
    const [metricsPort = 0] = await findFreePorts(1);
    const server = await startDevServer({ metricsPort, searchAttributes });
    const service = await startCountingService();
    const limits = { submitsPerSecond: 1000, pollsPerSecond: 1000 };
    const lro = await startTestHarness(testConfig({ default: { baseUrl: service.url, limits } }), { address: server.address });
    const native = await NativeConnection.connect({ address: server.address });
    const connection = await Connection.connect({ address: server.address });
    const workflowsPath = require.resolve('../../bench/plain-temporal/workflows');
    const worker = await Worker.create({ connection: native, taskQueue: 'plain', workflowsPath, activities });
    const ended = worker.run();
    const close = async (): Promise<void> => {
      worker.shutdown();
      await ended;
      await native.close();
      await connection.close();
    };
    return new Bed(server, metricsPort, service, lro, { client: new Client({ connection }), close });
  }

  /** Runs operations of `polls` polls to their ends. Throws unless both counts of actions agree. */
  async costOf(way: Way, polls: number): Promise<Cost> {
    const before = await this.counted();
    this.service.takePolls();
    const taskQueue = way.taskQueue === 'lro' ? this.lro.taskQueue : way.taskQueue;
    const { workflow } = this.plain.client;
    const started = way
      .argsOf(way.operations, polls, this.service.url)
      .map((args) => workflow.execute(way.workflow, { workflowId: randomUUID(), taskQueue, args }));
    await Promise.all(started);
    const after = await this.counted();
    const heartbeats = after.heartbeats - before.heartbeats;
    const inHistories = less(after.inHistories, before.inHistories);
    const answered = this.service.takePolls();
    expect({ answered, inHistories, all: totalOf(inHistories) + heartbeats }).toEqual({
      answered: way.operations * polls,
      inHistories,
      all: after.byServer - before.byServer,
    });
    return { inHistories, heartbeats, polls: answered };
  }

  /** Since the server began. */
  private async counted(): Promise<{ inHistories: ActionCounts; byServer: number; heartbeats: number }> {
    await new Promise((resume) => setTimeout(resume, SETTLE_MS));
    const metrics = await axios.get<string>(`http://127.0.0.1:${this.metricsPort}/metrics`, { responseType: 'text', proxy: false });
    const types = [...actionTypesInMetrics(metrics.data, this.server.namespace)];
    const sum = (of: RegExp): number => types.reduce((total, [type, count]) => total + (of.test(type) ? count : 0), 0);
    const histories: ActionCounts[] = [];
    for await (const { workflowId, runId } of this.plain.client.workflow.list()) {
      const { events } = await this.plain.client.workflow.getHandle(workflowId, runId).fetchHistory();
      histories.push(actionsInHistory(events ?? []));
    }
    return { inHistories: sumOfActions(histories), byServer: sum(/./), heartbeats: sum(/Heartbeat/) };
  }

  async close(): Promise<void> {
    await this.plain.close();
    await this.lro.close();
    await this.service.close();
    await this.server.stop();
  }
}

function less(after: ActionCounts, before: ActionCounts): ActionCounts {
  const kinds = Object.keys(after) as (keyof ActionCounts)[];
  const left = kinds.map((kind) => [kind, (after[kind] ?? 0) - (before[kind] ?? 0)] as const);
  return Object.fromEntries(left.filter(([, count]) => count !== 0));
}

/** Actions a million polls. */
function perMillion({ inHistories, heartbeats, polls }: Cost): number {
  return Math.round(((totalOf(inHistories) + heartbeats) / polls) * 1e6);
}

/** Actions of a million more polls of operations that go on. */
function perFurtherMillion(few: Cost, many: Cost): number {
  const actions = ({ inHistories, heartbeats }: Cost): number => totalOf(inHistories) + heartbeats;
  return Math.round(((actions(many) - actions(few)) / (many.polls - few.polls)) * 1e6);
}

describe('where the namespace has no search attributes', () => {
  let bed: Bed;
  beforeAll(async () => (bed = await Bed.open(undefined)));
  afterAll(() => bed.close());

  test('a loop of timers and activities costs two actions a poll', async () => {
    const [few, many] = [await bed.costOf(WAYS.loop, 3), await bed.costOf(WAYS.loop, 12)];
    expect(many.inHistories).toEqual({ 'Start Workflow': 10, 'Schedule Activity': 130, 'Start Timer': 120 });
    expect([perMillion(many), perFurtherMillion(few, many)]).toEqual([2_166_667, 2_000_000]);
  });

  test('an activity that is retried costs one action a poll', async () => {
    const [few, many] = [await bed.costOf(WAYS.retries, 3), await bed.costOf(WAYS.retries, 12)];
    expect(many.inHistories).toEqual({ 'Start Workflow': 10, 'Schedule Activity': 20, 'Start Timer': 10, 'Retry Activity': 110 });
    expect([perMillion(many), perFurtherMillion(few, many)]).toEqual([1_250_000, 1_000_000]);
  });

  test('an operation alone costs two actions a poll', async () => {
    const [few, many] = [await bed.costOf(WAYS.operation, 3), await bed.costOf(WAYS.operation, 12)];
    expect(many.inHistories).toEqual({
      'Start Workflow': 10,
      'Schedule Activity': 140,
      'Start Timer': 120,
      'Modify Workflow Properties': 20,
    });
    // Beside what the histories have: a heartbeat of each submit that takes its time.
    expect(perMillion(many)).toBeGreaterThanOrEqual(2_416_667);
    expect(perMillion(many)).toBeLessThanOrEqual(2_500_000);
    expect(perFurtherMillion(few, many)).toBeGreaterThanOrEqual(1_850_000);
    expect(perFurtherMillion(few, many)).toBeLessThanOrEqual(2_150_000);
  });

  test('operations that trackers poll cost less than nine actions each, and next to nothing a poll', async () => {
    const [few, many] = [await bed.costOf(WAYS.shared, 3), await bed.costOf(WAYS.shared, 12)];
    expect(perMillion(many)).toBeLessThan(750_000);
    expect(perFurtherMillion(few, many)).toBeLessThan(150_000);
  });

  test('a batch of 500 costs less than a thirtieth of an action a poll', async () => {
    const [few, many] = [await bed.costOf(WAYS.batch, 3), await bed.costOf(WAYS.batch, 12)];
    expect(perMillion(many)).toBeLessThan(33_000);
    expect(perFurtherMillion(few, many)).toBeLessThan(33_000);
  });
});

describe('where the namespace has search attributes', () => {
  let bed: Bed;
  beforeAll(async () => (bed = await Bed.open(SEARCH_ATTRIBUTE_TYPES)));
  afterAll(() => bed.close());

  test('an operation alone costs four actions more, however often it is polled', async () => {
    const { inHistories } = await bed.costOf(WAYS.operation, 3);
    expect(inHistories['Upsert Workflow Search Attributes']).toBe(40);
  });

  test('a batch costs a handful more', async () => {
    const cost = await bed.costOf(WAYS.batch, 12);
    expect(cost.inHistories['Upsert Workflow Search Attributes']).toBeLessThan(10);
    expect(perMillion(cost)).toBeLessThan(33_000);
  });
});
