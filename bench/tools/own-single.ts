/** This project's single operations, a workflow each. */
import { LroClient } from '../../src/client';
import { historyOf, sumOf } from '../history';
import { each } from '../load';
import { OPERATION, startOwnWorker } from '../own-worker';
import { startTemporal } from '../temporal';
import type { Tool } from './tool';

/** Calls to Temporal at once when histories are read. */
const READS_AT_ONCE = 20;

export const ownSingle: Tool = {
  key: 'single',
  title: 'durable-lro, single',
  workflowPerOperation: true,
  start: async ({ service }) => {
    const temporal = await startTemporal();
    const worker = await startOwnWorker(temporal, service.url);
    const lro = new LroClient({ client: temporal.client });
    return {
      workerPid: worker.pid,
      serverPids: [temporal.pid],
      run: async (load) => {
        const results = await each(load, (id) => lro.execute(OPERATION, { id }));
        const wrong = results.find(({ status, resourceId }) => status !== 'Succeeded' || resourceId === undefined);
        if (wrong !== undefined) throw new Error(`an operation ended with ${JSON.stringify(wrong)}`);
      },
      historyEvents: async (load) => sumOf(await each(load, (id) => historyOf(temporal.client, id), READS_AT_ONCE)).events,
      stop: async () => {
        await worker.stop();
        await temporal.stop();
      },
    };
  },
};
