/** Workflows that were started by an earlier version go on: the recorded history of every path replays on the code of today. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { workflowBundle } from '../support/bundle';
import { BATCH_PATHS } from './batch-paths';
import { fromText } from './history-file';
import { CHAIN_PATHS } from './chain-paths';
import { LIMITER_PATHS } from './limiter-paths';
import { PATHS } from './paths';
import { recordHistories } from './record';

const FOLDER = join(__dirname, 'histories');
const recording = process.env['LRO_RECORD_HISTORIES'] === '1';

beforeAll(async () => {
  if (recording) await recordHistories(FOLDER);
  else Runtime.install({ logger: new DefaultLogger('ERROR') });
}, 300_000);

function files(): string[] {
  return readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
}

function read(file: string): { workflowId: string; history: unknown } {
  return { workflowId: file.replace(/(\.\d+)?\.json$/, ''), history: fromText(readFileSync(join(FOLDER, file), 'utf8')) };
}

async function replay(histories: { workflowId: string; history: unknown }[]): Promise<string[]> {
  const mismatches: string[] = [];
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle: workflowBundle() }, histories)) {
    if (error !== undefined) mismatches.push(`${workflowId}: ${error.message}`);
  }
  return mismatches;
}

test('there is a history of every path', () => {
  const recorded = new Set(files().map((file) => file.split('.')[0]));
  expect([...recorded].sort()).toEqual(
    [...Object.keys(PATHS), ...Object.keys(BATCH_PATHS), ...Object.keys(CHAIN_PATHS), ...Object.keys(LIMITER_PATHS)].sort(),
  );
  // Those that continue as new have one for each run.
  expect(files()).toEqual(
    expect.arrayContaining([
      'continue-as-new.2.json',
      'continue-as-new-before-acceptance.2.json',
      'batch-success-two-shards.shard-1.json',
      'batch-continue-as-new.shard-0.2.json',
      'tileset-continue-as-new.2.json',
      'limiter-continue-as-new.2.json',
    ]),
  );
});

test('every history replays on the workflow code of today', async () => {
  expect(await replay(files().map(read))).toEqual([]);
});

test('a history that the code would not have made is noticed', async () => {
  const text = readFileSync(join(FOLDER, 'success.json'), 'utf8');
  const history = fromText(text.replaceAll('"name": "lro.ask"', '"name": "another"'));
  expect(await replay([{ workflowId: 'success', history }])).toHaveLength(1);
});

test('no history says on which machine it was made', () => {
  for (const file of files()) {
    const text = readFileSync(join(FOLDER, file), 'utf8');
    const decoded = text.replace(/"base64": "([A-Za-z0-9+/=]*)"/g, (_, data: string) => Buffer.from(data, 'base64').toString('utf8'));
    expect(decoded).not.toMatch(/\d+@[\w-]+|\/(home|root|tmp|work|Users)\//);
    for (const [, host] of decoded.matchAll(/https?:\/\/([^/:"\\]+)/g)) expect(['127.0.0.1', 'localhost']).toContain(host);
  }
});
