/** The same 500 operations alone, followed by trackers, and as one batch: the same ends, the same requests. */
import { readFileSync } from 'node:fs';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { RUN_BATCH, RUN_OPERATION, type ItemReport, type OperationInput, type OperationResult } from '../../src/contract';
import { temporaryFolder, testConfig } from '../support/config';
import { startTestHarness, type TestHarness } from '../support/in-process';
import { commonEnd, differences, without } from './normal-form';
import type { End, Outcome, Row } from './row';
import { HOLD_AND_DEADLINE_ROWS } from './rows/holds-and-deadlines';
import { POLL_ROWS } from './rows/polls';
import { SUBMIT_ROWS } from './rows/submits';
import { ScriptedService } from './scripted-service';
import { endOf, endOfItem } from './shapes';

const OPERATIONS = 500;
/** Workflows that are started and not ended, of each shape. */
const CONCURRENT = 60;
const SHAPES = ['operation', 'shared', 'batch'] as const;
type ShapeName = (typeof SHAPES)[number];

/**
 * Rows in which nothing happens from outside, and whose connection is as any other: many operations can share it. None with a deadline: on a busy
 * machine what comes before it is not the same.
 */
const ROWS = [...POLL_ROWS, ...SUBMIT_ROWS, ...HOLD_AND_DEADLINE_ROWS].filter(
  ({ steps, refuses, connection, input }) =>
    steps === undefined && refuses !== true && connection === undefined && input?.deadlineSeconds === undefined,
);

interface Planned {
  row: Row;
  input: OperationInput;
  service: ScriptedService;
  /** The connection that it shares with the others of its row. */
  connection: string;
}

const servers: http.Server[] = [];
const connections: Parameters<typeof testConfig>[0] = {};
const planned = new Map<ShapeName, Planned[]>();
const folder = temporaryFolder();
let harness: TestHarness;

beforeAll(async () => {
  for (const shape of SHAPES) planned.set(shape, await planOf(shape));
  harness = await startTestHarness(testConfig(connections, { files: { writeBelow: [folder] } }));
});

afterAll(async () => {
  await harness.close();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

/** Every row as often as any other: a server for each, and below it a script for each operation. */
async function planOf(shape: ShapeName): Promise<Planned[]> {
  const players = new Map<string, ScriptedService>();
  const urls = await Promise.all(ROWS.map(() => serve(players)));
  return Array.from({ length: OPERATIONS }, (_, index) => {
    const rowIndex = index % ROWS.length;
    const row = ROWS[rowIndex]!;
    const connection = `${shape}-${rowIndex}`;
    const url = urls[rowIndex]!;
    connections[connection] = { baseUrl: url, poll: { defaultSeconds: 0, minSeconds: 0 } };
    const service = ScriptedService.below(`${url}/o${index}`, row.script);
    players.set(`o${index}`, service);
    const below = JSON.stringify(row.input ?? { submit: { path: '/things' } })
      .replaceAll('{base}', service.url)
      .replaceAll(/"(path|statusUrl)":"\//g, `"$1":"/o${index}/`);
    const input = { connection, ...(JSON.parse(below) as OperationInput) };
    return { row, input, service, connection };
  });
}

/** A server that passes on what comes to the script that the first segment of its path names. */
async function serve(players: ReadonlyMap<string, ScriptedService>): Promise<string> {
  const server = http.createServer((request, response) => {
    request.resume();
    request.on('error', () => undefined);
    request.on('end', () => {
      const [, name = '', rest = ''] = /^\/([^/?]*)(.*)$/.exec(request.url ?? '') ?? [];
      const player = players.get(name);
      if (player === undefined) response.writeHead(404).end();
      else void player.play(request.method ?? '', rest, response);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function alone(shape: 'operation' | 'shared'): Promise<End[]> {
  const limit = pLimit(CONCURRENT);
  const { client, taskQueue } = harness;
  return Promise.all(
    planned.get(shape)!.map(({ input }, index) =>
      limit(async () => {
        const args = [shape === 'shared' ? { ...input, follow: 'shared' } : input];
        const handle = await client.workflow.start(RUN_OPERATION, { workflowId: `many-${shape}-${index}`, taskQueue, args });
        return endOf(handle, (result) => result as OperationResult);
      }),
    ),
  );
}

async function inBatch(): Promise<End[]> {
  const { client, taskQueue } = harness;
  const items = planned.get('batch')!.map(({ input }, index) => ({ id: `o${index}`, ...input }));
  const batch = { items, report: { path: 'many.jsonl' } };
  await client.workflow.execute(RUN_BATCH, { workflowId: 'many-batch', taskQueue, args: [batch] });
  const lines = readFileSync(join(folder, 'many.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  const reports = new Map(lines.map((line) => JSON.parse(line) as ItemReport).map((report) => [report.id, report]));
  return items.map(({ id }) => endOfItem(reports.get(id)!, false));
}

/** In its common form. Titles name the path, which has the operation's own segment here. */
function outcomeOf({ service, connection }: Planned, end: End): Outcome {
  const message = end.message?.replace(/\/o\d+\/things/, '/things');
  return { ...commonEnd({ ...end, message }, { url: service.url, connection }), requests: service.requests, progress: [], timers: [] };
}

test('they come to the same, and to what each row expects', async () => {
  const [own, shared, batch] = await Promise.all([alone('operation'), alone('shared'), inBatch()]);
  const ends: Record<ShapeName, End[]> = { operation: own, shared, batch };
  const apart = Array.from({ length: OPERATIONS }, (_, index) => {
    const { row } = planned.get('operation')![index]!;
    const outcomes = SHAPES.map((shape) => [shape, outcomeOf(planned.get(shape)![index]!, ends[shape][index]!)] as const);
    const expected = without(row.expected, 'timers', 'progress', 'lastBackoffSeconds') as Row['expected'];
    return differences(Object.fromEntries(outcomes), expected).map((difference) => `${index} ${row.name}: ${difference}`);
  }).flat();
  expect(apart).toEqual([]);
}, 900_000);
