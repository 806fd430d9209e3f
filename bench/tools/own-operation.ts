/** This project's single operations, a workflow each. */
import { LroClient, type OperationInput } from '../../src/client';
import { each } from '../load';
import { operationOver, startOwnWorker } from '../own-worker';
import { startTemporal } from '../temporal';
import type { RunningTool, Tool, ToolContext } from './tool';

/** Calls to Temporal at once where the ends are not waited for. */
const STARTS_AT_ONCE = 50;

/** The input of an operation but for what it submits. */
type Rest = Omit<OperationInput, 'connection' | 'submit' | 'attach'>;

/** @param rest of each operation's input, like what follows it */
export function ownOperation(key: string, title: string, rest: Rest = {}): Tool {
  return { key, title, workflowPerOperation: true, start: (context) => startOwnOperations(context, rest) };
}

async function startOwnOperations({ service }: ToolContext, rest: Rest): Promise<RunningTool> {
  const temporal = await startTemporal();
  let worker = await startOwnWorker(temporal, service);
  const lro = new LroClient({ client: temporal.client });
  return {
    get workerPid() {
      return worker.pid;
    },
    serverPids: [temporal.pid],
    run: async (load) => {
      const input = { ...operationOver(load.transport), ...rest };
      const results = await each(load, (id) => lro.execute(input, { id }));
      const wrong = results.find(({ status, resourceId }) => status !== 'Succeeded' || resourceId === undefined);
      if (wrong !== undefined) throw new Error(`an operation ended with ${JSON.stringify(wrong)}`);
    },
    open: async (load) => {
      const input = { ...operationOver(load.transport), deadlineSeconds: 0, ...rest };
      await each(load, (id) => lro.start(input, { id }), STARTS_AT_ONCE);
    },
    restartWorker: async () => {
      await worker.kill();
      worker = await startOwnWorker(temporal, service);
    },
    kept: temporal.kept,
    actions: temporal.actions,
    stop: async () => {
      await worker.stop();
      await temporal.stop();
    },
  };
}
