/** A worker that serves Nexus, and another team with a namespace, an endpoint and a worker of its own at the same server. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Client, Connection, WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { NexusOperationFailure } from '@temporalio/common';
import { NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import type { LroConfig } from '../../src/config';
import { eventually } from '../support/eventually';
import { startTestHarness, type TestHarness } from '../support/in-process';
import type { call, Call } from './caller-workflows';

export interface NexusHarness extends TestHarness {
  /** Makes an endpoint that leads to a task queue. @returns its name */
  openEndpoint(taskQueue: string): Promise<string>;
  /** Starts a workflow of the other team that makes one call. */
  startCall(request: Omit<Call, 'endpoint'> & Partial<Call>): Promise<WorkflowHandle<typeof call>>;
  /** The same, and waits for its result. */
  call<T>(operation: Call['operation'], request: unknown): Promise<T>;
  /** The same of a call that fails. @returns what the other team's workflow caught */
  failure(operation: Call['operation'], request: unknown): Promise<NexusOperationFailure>;
}

const DAY_SECONDS = 86_400;

/** @param worker over the options of the worker that serves Nexus */
export async function startNexusHarness(config: LroConfig, worker: Partial<WorkerOptions> = {}): Promise<NexusHarness> {
  const harness = await startTestHarness(config, { nexus: true, worker });
  const { address, taskQueue } = harness;
  const connection = await Connection.connect({ address });
  const namespace = `callers-${randomUUID()}`;
  await connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: { seconds: DAY_SECONDS as never } });
  const opened: Parameters<typeof connection.operatorService.deleteNexusEndpoint>[0][] = [];
  const openEndpoint = async (target: string): Promise<string> => {
    const name = `lro-${randomUUID()}`;
    const spec = { name, target: { worker: { namespace: 'default', taskQueue: target } } };
    const { endpoint } = await connection.operatorService.createNexusEndpoint({ spec });
    opened.push({ id: endpoint?.id, version: endpoint?.version });
    return name;
  };
  const endpoint = await openEndpoint(taskQueue);
  const callers = new Client({ connection, namespace });
  const native = await NativeConnection.connect({ address });
  // A namespace that has just been made is not known everywhere at once.
  const calling = await workerOf(native, namespace);
  const ended = calling.run();
  const startCall: NexusHarness['startCall'] = (request) =>
    callers.workflow.start<typeof call>('call', { workflowId: randomUUID(), taskQueue: 'callers', args: [{ endpoint, ...request }] });
  return {
    ...harness,
    openEndpoint,
    startCall,
    call: async <T>(operation: Call['operation'], request: unknown) => (await (await startCall({ operation, request })).result()) as T,
    failure: async (operation, request) => failureOf(await startCall({ operation, request })),
    close: async () => {
      calling.shutdown();
      await ended;
      await native.close();
      for (const { id, version } of opened) await connection.operatorService.deleteNexusEndpoint({ id, version });
      await connection.close();
      await harness.close();
    },
  };
}

async function workerOf(connection: NativeConnection, namespace: string): Promise<Worker> {
  const made = await eventually(
    () =>
      Worker.create({ connection, namespace, taskQueue: 'callers', workflowsPath: join(__dirname, 'caller-workflows.ts') }).catch(
        () => undefined,
      ),
    (worker) => worker !== undefined,
  );
  return made as Worker;
}

/** Of a caller's workflow that failed because of its call. */
async function failureOf(caller: WorkflowHandle): Promise<NexusOperationFailure> {
  const error: unknown = await caller.result().catch((err: unknown) => err);
  if (error instanceof WorkflowFailedError && error.cause instanceof NexusOperationFailure) return error.cause;
  throw error;
}
