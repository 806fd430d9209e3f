/**
 * Records the histories that `replay.test.ts` replays: `LRO_RECORD_HISTORIES=1 npx jest test/replay` records those that are missing. One
 * that no longer replays is removed, to be recorded anew, only when no workflow of the old code can be running any more.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import {
  BUILD_TILESET,
  RUN_BATCH,
  RUN_OPERATION,
  type BatchInput,
  type BatchItem,
  type BuildTilesetInput,
  type OperationInput,
} from '../../src/contract';
import { startEmulator, type Emulator, type Script } from '../../src/emulator';
import { trackerId } from '../../src/jobs/tracked';
import { LIMITER, WINDOW_UPDATE } from '../../src/sharing/windows';
import { temporaryFolder, testConfig } from '../support/config';
import { startTestHarness, type TestHarness } from '../support/in-process';
import { BATCH_PATHS, type BatchPath } from './batch-paths';
import { CHAIN_PATHS, ROUTES, type ChainPath } from './chain-paths';
import { toText } from './history-file';
import { LIMITER_PATHS, type LimiterPath } from './limiter-paths';
import { DEFAULT_STATUS, DEFAULT_SUBMIT, FIND, PATHS, type Path } from './paths';

export async function recordHistories(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const emulator = await startEmulator();
  const isMissing = ([name]: [string, unknown]): boolean => !existsSync(join(folder, `${name}.json`));
  for (const [name, path] of Object.entries(PATHS).filter(isMissing))
    await withHarness(emulator, path, (harness) => record(name, path, emulator, harness, folder));
  for (const [name, path] of Object.entries(BATCH_PATHS).filter(isMissing))
    await withHarness(emulator, path, (harness) => recordBatch(name, path, emulator, harness, folder));
  for (const [name, path] of Object.entries(CHAIN_PATHS).filter(isMissing))
    await withHarness(emulator, path, (harness) => recordChain(name, path, emulator, harness, folder));
  for (const [name, path] of Object.entries(LIMITER_PATHS).filter(isMissing))
    await withHarness(emulator, path, (harness) => recordLimiter(name, path, harness, folder));
  await emulator.close();
}

async function recordLimiter(
  name: string,
  { requests, continueAsNewAfterEvents }: LimiterPath,
  harness: TestHarness,
  folder: string,
): Promise<void> {
  const { client, taskQueue } = harness;
  const handle = await client.workflow.start(LIMITER, { workflowId: name, taskQueue, args: [{ continueAsNewAfterEvents }] });
  const latest = client.workflow.getHandle(name);
  for (const request of requests) await latest.executeUpdate(WINDOW_UPDATE, { args: [request] });
  await latest.cancel();
  await latest.result().catch(() => undefined);
  await save(client.workflow.getHandle(name, handle.firstExecutionRunId), join(folder, name));
}

async function recordChain(name: string, path: ChainPath, emulator: Emulator, harness: TestHarness, folder: string): Promise<void> {
  await emulator.admin.addScript({ name, routes: [...(path.routes ?? []), ...ROUTES] });
  const input: BuildTilesetInput = { connection: name, udid: 'u1', ...path.input };
  const { client, taskQueue } = harness;
  const handle = await client.workflow.start(BUILD_TILESET, { workflowId: name, taskQueue, args: [input] });
  await path.meanwhile?.(client.workflow.getHandle(name), asked(emulator, name));
  await handle.result().catch(() => undefined);
  await save(client.workflow.getHandle(name, handle.firstExecutionRunId), join(folder, name));
}

async function withHarness(
  emulator: Emulator,
  { continueAsNewAfterEvents }: Pick<Path, 'continueAsNewAfterEvents'>,
  work: (harness: TestHarness) => Promise<void>,
): Promise<void> {
  // A chain's paths are the service's own: each script is a service.
  const services = Object.keys(CHAIN_PATHS).map((name): [string, { baseUrl: string }] => [
    name,
    { baseUrl: `${emulator.url}/scripts/${name}` },
  ]);
  const config = testConfig(
    {
      ...Object.fromEntries<{ baseUrl: string }>(services),
      default: { baseUrl: emulator.url, poll: { maxUnreadable: 2, unreadableSeconds: 0 } },
      findable: { baseUrl: emulator.url, find: FIND },
    },
    { files: { writeBelow: [temporaryFolder()] } },
  );
  const harness = await startTestHarness(config, continueAsNewAfterEvents === undefined ? {} : { continueAsNewAfterEvents });
  await work(harness);
  await harness.close();
}

async function recordBatch(name: string, path: BatchPath, emulator: Emulator, harness: TestHarness, folder: string): Promise<void> {
  const { items, item, submit = DEFAULT_SUBMIT, status = DEFAULT_STATUS, input, meanwhile } = path;
  const routes: Script['routes'] = [
    { method: 'POST', path: '/submit', answers: submit },
    { path: '/status', answers: status },
    { method: 'POST', path: '/status/cancel', answers: [{ httpStatus: 202 }] },
  ];
  const { url } = await emulator.admin.addScript({ name, routes });
  const { defaults, ...more } = input ?? {};
  const { pathname } = new URL(url);
  const one = JSON.parse(JSON.stringify(item ?? {}).replaceAll('{base}', pathname)) as Omit<BatchItem, 'id'>;
  const batch: BatchInput = {
    items: items.map((id) => ({ id, ...one })),
    defaults: item === undefined ? { submit: { path: `${pathname}/submit` }, ...defaults } : defaults,
    ...more,
  };
  const { client, taskQueue } = harness;
  const handle = await client.workflow.start(RUN_BATCH, { workflowId: name, taskQueue, args: [batch] });
  await meanwhile?.(handle, asked(emulator, name), emulator);
  await handle.result().catch(() => undefined);
  const events = await save(client.workflow.getHandle(name, handle.firstExecutionRunId), join(folder, name));
  const children = events.flatMap(({ childWorkflowExecutionStartedEventAttributes: started }) => started?.workflowExecution ?? []);
  for (const [shard, { workflowId, runId }] of children.entries())
    await save(client.workflow.getHandle(workflowId ?? '', runId ?? ''), join(folder, `${name}.shard-${shard}`));
}

type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;

/** Writes the histories of a run, and of the runs that continue it. */
async function save(handle: WorkflowHandle, file: string, run = 1): Promise<NonNullable<History['events']>> {
  const history = await handle.fetchHistory();
  const events = history.events ?? [];
  writeFileSync(run === 1 ? `${file}.json` : `${file}.${run}.json`, scrubbed(history));
  const next = events.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? undefined;
  if (next !== undefined) await save(handle.client.getHandle(handle.workflowId, next), file, run + 1);
  return events;
}

function asked(emulator: Emulator, name: string) {
  return (route: string, count = 1) => emulator.admin.waitForRequests({ path: `/${name}/${route}$`, count, answered: true });
}

async function record(name: string, path: Path, emulator: Emulator, harness: TestHarness, folder: string): Promise<void> {
  const { submit = DEFAULT_SUBMIT, status = DEFAULT_STATUS, thing, cancel, input, meanwhile } = path;
  const routes: Script['routes'] = [
    { method: 'POST', path: '/submit', answers: submit },
    { path: '/status', answers: status },
    ...(thing === undefined ? [] : [{ path: '/thing', answers: thing }]),
    ...(cancel === undefined ? [] : [{ method: 'POST', path: '/status/cancel', answers: cancel }]),
  ];
  const { url } = await emulator.admin.addScript({ name, routes });
  const base = new URL(url).pathname;
  const operation = JSON.parse(
    JSON.stringify({ submit: { path: `${base}/submit` }, ...input }).replaceAll('{base}', url),
  ) as OperationInput;
  const handle: WorkflowHandle & { firstExecutionRunId: string } = await harness.client.workflow.start(RUN_OPERATION, {
    workflowId: name,
    taskQueue: harness.taskQueue,
    args: [operation],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
  });
  const latest = harness.client.workflow.getHandle(name);
  await meanwhile?.(latest, asked(emulator, name), emulator);
  await handle.result().catch(() => undefined);
  await save(harness.client.workflow.getHandle(name, handle.firstExecutionRunId), join(folder, name));
  if (operation.follow === 'shared') await saveTracker(harness, join(folder, `${name}.tracker`));
}

/** Of all its runs, and of how it is cancelled. */
async function saveTracker({ client, taskQueue }: TestHarness, file: string): Promise<void> {
  const tracker = client.workflow.getHandle(trackerId(taskQueue, 'default'));
  await tracker.cancel().catch(() => undefined);
  await tracker.result().catch(() => undefined);
  const { raw } = await tracker.describe();
  await save(client.workflow.getHandle(tracker.workflowId, raw.workflowExecutionInfo?.firstRunId ?? ''), file);
}

/** Without who and where: processes, hosts, and paths in stack traces. */
function scrubbed(history: object): string {
  const text = toText(history, (name, value) => (name === 'identity' ? 'worker' : name === 'stackTrace' ? '' : value));
  const clean = (some: string): string => some.replaceAll(`${process.pid}@${hostname()}`, 'worker').replaceAll(hostname(), 'host');
  // Failures say on which workers was looked.
  return clean(text).replace(/(?<="base64": ")[A-Za-z0-9+/=]*/g, (encoded) =>
    Buffer.from(clean(Buffer.from(encoded, 'base64').toString('utf8')), 'utf8').toString('base64'),
  );
}
