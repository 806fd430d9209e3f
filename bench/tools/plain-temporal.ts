/** A plain Temporal worker with a workflow per operation. */
import { join } from 'node:path';
import { startChild } from '../../src/devserver';
import { atEnd } from '../ending';
import { SUBMIT_BODY, SUBMIT_PATH } from '../fake-service/client';
import { historyOf, sumOf } from '../history';
import { each } from '../load';
import type { plainOperation } from '../plain-temporal/workflows';
import { startTemporal } from '../temporal';
import type { Tool } from './tool';

/** Calls to Temporal at once when histories are read. */
const READS_AT_ONCE = 20;

export const plainTemporal: Tool = {
  key: 'plain',
  title: 'plain Temporal, workflow per operation',
  workflowPerOperation: true,
  start: async ({ service }) => {
    const temporal = await startTemporal();
    const worker = await startChild({
      name: 'the plain Temporal worker',
      command: process.execPath,
      args: [join(__dirname, '../plain-temporal/worker.js')],
      env: { TEMPORAL_ADDRESS: temporal.address },
      readyLine: /worker ready/,
    });
    const stopWorker = atEnd(async () => {
      await worker.stop();
    });
    return {
      workerPid: worker.pid,
      serverPids: [temporal.pid],
      run: async (load) => {
        await each(load, (workflowId) =>
          temporal.client.workflow.execute<typeof plainOperation>('plainOperation', {
            workflowId,
            taskQueue: 'plain',
            args: [`${service.url}${SUBMIT_PATH}`, SUBMIT_BODY],
          }),
        );
      },
      historyEvents: async (load) => sumOf(await each(load, (id) => historyOf(temporal.client, id), READS_AT_ONCE)).events,
      stop: async () => {
        await stopWorker();
        await temporal.stop();
      },
    };
  },
};
