/** This project's batch. */
import { DEFAULT_TASK_QUEUE, RUN_BATCH, type BatchInput, type BatchResult } from '../../src/contract';
import { inTime } from '../limits';
import type { Load } from '../load';
import { batchInput, startOwnWorker } from '../own-worker';
import { startTemporal } from '../temporal';
import type { RunningTool, Tool, ToolContext } from './tool';

const CANCEL_TIMEOUT_SECONDS = 300;

/** Throws unless each of `operations` items has succeeded. */
export function checkBatchResult({ counts }: BatchResult, operations: number): void {
  if (counts.succeeded !== operations || counts.total !== operations)
    throw new Error(`of ${operations} items the batch reports ${JSON.stringify(counts)}`);
}

/** @param checkout another one of the project, built, than the one that is measured */
export function ownBatch(key: string, title: string, onUncertainSubmit: 'retry' | 'fail', checkout?: string): Tool {
  return { key, title, start: (context) => startOwnBatches(context, onUncertainSubmit, checkout) };
}

async function startOwnBatches({ service }: ToolContext, onUncertainSubmit: 'retry' | 'fail', checkout?: string): Promise<RunningTool> {
  const temporal = await startTemporal();
  let worker = await startOwnWorker(temporal, service, checkout);
  const { workflow } = temporal.client;
  const inputOf = (load: Load, deadlineSeconds?: number): BatchInput =>
    batchInput(worker, load, {
      defaults: { onUncertainSubmit, ...(deadlineSeconds === undefined ? {} : { deadlineSeconds }) },
      maxInFlight: load.operations,
      submitsPerSecond: load.spreadSeconds === 0 ? undefined : load.operations / load.spreadSeconds,
    });
  const start = (load: Load, input: BatchInput) =>
    workflow.start<(input: BatchInput) => Promise<BatchResult>>(RUN_BATCH, {
      workflowId: load.name,
      taskQueue: DEFAULT_TASK_QUEUE,
      args: [input],
    });
  let prepared: BatchInput = {};
  return {
    get workerPid() {
      return worker.pid;
    },
    serverPids: [temporal.pid],
    prepare: (load) => {
      prepared = inputOf(load);
    },
    run: async (load) => {
      const handle = await start(load, prepared);
      checkBatchResult(await handle.result(), load.operations);
    },
    open: async (load) => {
      await start(load, inputOf(load, 0));
    },
    cancel: async (load) => {
      const handle = workflow.getHandle(load.name);
      await handle.cancel();
      await inTime('the cancelled batch', Promise.allSettled([handle.result()]), CANCEL_TIMEOUT_SECONDS);
      const { status } = await handle.describe();
      if (status.name !== 'CANCELLED' && status.name !== 'COMPLETED') throw new Error(`the cancelled batch ended as ${status.name}`);
    },
    restartWorker: async () => {
      await worker.kill();
      worker = await startOwnWorker(temporal, service, checkout);
    },
    kept: temporal.kept,
    actions: temporal.actions,
    stop: async () => {
      await worker.stop();
      await temporal.stop();
    },
  };
}
