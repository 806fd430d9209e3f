/**
 * Records the histories that `replay.test.ts` replays and that are not there: `LRO_RECORD_HISTORIES=1 npx jest test/replay`. A history that
 * no longer replays is removed, and so recorded anew, only when no workflow of the old code can be running any more.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { BUILD_TILESET, RUN_OPERATION, type BuildTilesetInput, type OperationInput } from '../../src/contract';
import { startEmulator, type Emulator, type Script } from '../../src/emulator';
import { testConfig } from '../support/config';
import { startTestBed, type TestBed } from '../support/in-process';
import { CHAIN_PATHS, ROUTES, type ChainPath } from './chain-paths';
import { toText } from './history-file';
import { DEFAULT_STATUS, DEFAULT_SUBMIT, PATHS, type Path } from './paths';

export async function recordHistories(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const emulator = await startEmulator();
  const isMissing = ([name]: [string, unknown]): boolean => !existsSync(join(folder, `${name}.json`));
  for (const [name, path] of Object.entries(PATHS).filter(isMissing)) {
    const config = testConfig({ default: { baseUrl: emulator.url, poll: { maxUnreadable: 2 } } });
    const { continueAsNewAfterEvents } = path;
    const bed = await startTestBed(config, continueAsNewAfterEvents === undefined ? {} : { continueAsNewAfterEvents });
    await record(name, path, emulator, bed, folder);
    await bed.close();
  }
  for (const [name, path] of Object.entries(CHAIN_PATHS).filter(isMissing)) {
    const config = testConfig({ default: { baseUrl: `${emulator.url}/scripts/${name}` } });
    const { continueAsNewAfterEvents } = path;
    const bed = await startTestBed(config, continueAsNewAfterEvents === undefined ? {} : { continueAsNewAfterEvents });
    await recordChain(name, path, emulator, bed, folder);
    await bed.close();
  }
  await emulator.close();
}

async function recordChain(name: string, path: ChainPath, emulator: Emulator, bed: TestBed, folder: string): Promise<void> {
  await emulator.admin.addScript({ name, routes: [...(path.routes ?? []), ...ROUTES] });
  const input: BuildTilesetInput = { udid: 'u1', ...path.input };
  const handle = await startNew(bed, BUILD_TILESET, name, input);
  const asked = (route: string, count = 1): Promise<unknown> =>
    emulator.admin.waitForRequests({ path: `/${name}${route}$`, count, answered: true });
  await path.meanwhile?.(bed.client.workflow.getHandle(name), asked);
  await writeRuns(handle, name, bed, folder);
}

type Started = WorkflowHandle & { firstExecutionRunId: string };

function startNew(bed: TestBed, workflowType: string, workflowId: string, input: object): Promise<Started> {
  return bed.client.workflow.start(workflowType, {
    workflowId,
    taskQueue: bed.taskQueue,
    args: [input],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
  });
}

async function record(name: string, path: Path, emulator: Emulator, bed: TestBed, folder: string): Promise<void> {
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
  const handle = await startNew(bed, RUN_OPERATION, name, operation);
  const latest = bed.client.workflow.getHandle(name);
  await meanwhile?.(
    latest,
    (route, count = 1) => emulator.admin.waitForRequests({ path: `/${name}/${route}$`, count, answered: true }),
    emulator,
  );
  await writeRuns(handle, name, bed, folder);
}

/** Waits for the end, and writes the history of every run. */
async function writeRuns(handle: Started, name: string, bed: TestBed, folder: string): Promise<void> {
  await handle.result().catch(() => undefined);
  let runId: string | undefined = handle.firstExecutionRunId;
  for (let run = 1; runId !== undefined; run++) {
    const history = await bed.client.workflow.getHandle(name, runId).fetchHistory();
    writeFileSync(join(folder, run === 1 ? `${name}.json` : `${name}.${run}.json`), scrubbed(history));
    runId = history.events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? undefined;
  }
}

/** Without who and where: processes, hosts, and paths in stack traces. */
function scrubbed(history: object): string {
  const text = toText(history, (name, value) => (name === 'identity' ? 'worker' : name === 'stackTrace' ? '' : value));
  return text.replaceAll(`${process.pid}@${hostname()}`, 'worker').replaceAll(hostname(), 'host');
}
