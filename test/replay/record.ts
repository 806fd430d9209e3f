/**
 * Records the histories that `replay.test.ts` replays: `LRO_RECORD_HISTORIES=1 npx jest test/replay`. A history that no longer replays is
 * recorded anew only when no workflow of the old code can be running any more.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { RUN_OPERATION, type OperationInput } from '../../src/contract';
import { startEmulator, type Emulator, type Script } from '../../src/emulator';
import { testConfig } from '../support/config';
import { startTestBed, type TestBed } from '../support/in-process';
import { toText } from './history-file';
import { DEFAULT_STATUS, DEFAULT_SUBMIT, PATHS, type Path } from './paths';

export async function recordHistories(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const emulator = await startEmulator();
  for (const [name, path] of Object.entries(PATHS)) {
    const config = testConfig({ default: { baseUrl: emulator.url, poll: { maxUnreadable: 2 } } });
    const { continueAsNewAfterEvents } = path;
    const bed = await startTestBed(config, continueAsNewAfterEvents === undefined ? {} : { continueAsNewAfterEvents });
    await record(name, path, emulator, bed, folder);
    await bed.close();
  }
  await emulator.close();
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
  const handle: WorkflowHandle & { firstExecutionRunId: string } = await bed.client.workflow.start(RUN_OPERATION, {
    workflowId: name,
    taskQueue: bed.taskQueue,
    args: [operation],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
  });
  const latest = bed.client.workflow.getHandle(name);
  await meanwhile?.(
    latest,
    (route, count = 1) => emulator.admin.waitForRequests({ path: `/${name}/${route}$`, count, answered: true }),
    emulator,
  );
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
