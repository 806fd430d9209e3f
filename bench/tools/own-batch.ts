/** This project's batch. */
import { DEFAULT_TASK_QUEUE, RUN_BATCH, type BatchInput, type BatchResult } from '../../src/contract';
import type { Load } from '../load';
import { historyOfBatch } from '../history';
import { batchInput, startOwnWorker } from '../own-worker';
import { startTemporal } from '../temporal';
import type { RunningTool, ToolContext, Tool } from './tool';

/** Throws unless each of `operations` items has succeeded. */
export function checkBatchResult({ counts }: BatchResult, operations: number): void {
  if (counts.succeeded !== operations || counts.total !== operations)
    throw new Error(`of ${operations} items the batch reports ${JSON.stringify(counts)}`);
}

/** @param checkout another one of the project, built, than the one that is measured */
export function ownBatch(key: string, title: string, onUncertainSubmit: 'retry' | 'fail', checkout?: string): Tool {
  return {
    key,
    title,
    start: async ({ service }: ToolContext): Promise<RunningTool> => {
      const temporal = await startTemporal();
      const worker = await startOwnWorker(temporal, service.url, checkout);
      const { workflow } = temporal.client;
      let prepared: BatchInput = {};
      const start = (load: Load) =>
        workflow.start<(input: BatchInput) => Promise<BatchResult>>(RUN_BATCH, {
          workflowId: load.name,
          taskQueue: DEFAULT_TASK_QUEUE,
          args: [prepared],
        });
      return {
        workerPid: worker.pid,
        serverPids: [temporal.pid],
        prepare: (load) => {
          prepared = batchInput(worker, load.name, load.operations, {
            defaults: { onUncertainSubmit },
            maxInFlight: load.operations,
            submitsPerSecond: load.spreadSeconds === 0 ? undefined : load.operations / load.spreadSeconds,
          });
        },
        run: async (load) => {
          const handle = await start(load);
          checkBatchResult(await handle.result(), load.operations);
        },
        open: async (load) => {
          await start(load);
        },
        historyEvents: async (load) => {
          const { parent, shards } = await historyOfBatch(temporal.client, load.name);
          return parent.events + shards.events;
        },
        stop: async () => {
          await worker.stop();
          await temporal.stop();
        },
      };
    },
  };
}
