/** A plain Temporal worker with a workflow per operation. */
import { join } from 'node:path';
import { startChild } from '../../src/devserver';
import { atEnd } from '../ending';
import { SUBMIT_BODY, SUBMIT_PATH } from '../fake-service/client';
import { NODE_SETTINGS } from '../limits';
import { each, type Load } from '../load';
import type * as workflows from '../plain-temporal/workflows';
import { startTemporal } from '../temporal';
import type { RunningTool, Tool, ToolContext } from './tool';

/** Calls to Temporal at once where the ends are not waited for. */
const STARTS_AT_ONCE = 50;

export function plainTemporal(key: string, title: string, workflow: keyof typeof workflows): Tool {
  return { key, title, workflowPerOperation: true, start: (context) => startPlainTemporal(context, workflow) };
}

async function startPlainTemporal({ service }: ToolContext, type: keyof typeof workflows): Promise<RunningTool> {
  const temporal = await startTemporal();
  const worker = await startChild({
    name: 'the plain Temporal worker',
    command: process.execPath,
    args: [join(__dirname, '../plain-temporal/worker.js')],
    env: { ...NODE_SETTINGS, ...service.trust, TEMPORAL_ADDRESS: temporal.address },
    readyLine: /worker ready/,
  });
  const stopWorker = atEnd(async () => {
    await worker.stop();
  });
  const { workflow } = temporal.client;
  const optionsOf = (load: Load, workflowId: string) => ({
    workflowId,
    taskQueue: 'plain',
    args: [`${service.urls[load.transport]}${SUBMIT_PATH}`, SUBMIT_BODY] as [string, unknown],
  });
  return {
    workerPid: worker.pid,
    serverPids: [temporal.pid],
    run: async (load) => {
      await each(load, (id) => workflow.execute<typeof workflows.pollInLoop>(type, optionsOf(load, id)));
    },
    open: async (load) => {
      await each(load, (id) => workflow.start<typeof workflows.pollInLoop>(type, optionsOf(load, id)), STARTS_AT_ONCE);
    },
    kept: temporal.kept,
    actions: temporal.actions,
    stop: async () => {
      await stopWorker();
      await temporal.stop();
    },
  };
}
