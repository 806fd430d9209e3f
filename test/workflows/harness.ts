/**
 * Harnesses for tests of workflows. On the time-skipping server hours pass in no time while a test waits for a result. Workflow code is the
 * built bundle; activities are the real ones over a service, or scripted {@link OperationActivities} where a test must hold one at an exact
 * place, or needs thousands of polls.
 */
import { randomUUID } from 'node:crypto';
import { Context } from '@temporalio/activity';
import { Client, Connection, type WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, makeTelemetryFilterString, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { withHeartbeat } from '../../src/activities/heartbeat';
import type { LroActivities, SubmitItem } from '../../src/activities/messages';
import type { About } from '../../src/jobs/model';
import { LroClient } from '../../src/client';
import type { LroConfig } from '../../src/config';
import { RUN_OPERATION, type OperationInput, type OperationResult } from '../../src/contract';
import { createLroWorker } from '../../src/hosting/create-worker';
import { inputDigest } from '../../src/identity/input-digest';
import type { CancelDecision } from '../../src/lro/cancel';
import { rowsOf } from '../../src/jobs/packing';
import type { Monitor, Running, StatusDecision, SubmitDecision } from '../../src/lro/monitor';
import { workflowBundle } from '../support/bundle';
import { sharedAddress } from '../support/in-process';

/** A Temporal server as tests use it. */
export interface Server {
  nativeConnection: NativeConnection;
  /** That of the time-skipping server skips time while it waits for results. */
  client: Client;
}

export interface Harness {
  taskQueue: string;
  lro: LroClient;
  start(input: OperationInput): Promise<Handle>;
  close(): Promise<void>;
}

export async function timeSkippingServer(): Promise<TestWorkflowEnvironment> {
  quietRuntime();
  const path = process.env['LRO_TEST_SERVER_PATH'];
  if (path === undefined) throw new Error('the time-skipping server is found by the global setup of jest');
  return TestWorkflowEnvironment.createTimeSkipping({ server: { executable: { type: 'existing-path', path } } });
}

/** The dev server that all test files share. */
export async function sharedServer(): Promise<Server & { close(): Promise<void> }> {
  quietRuntime();
  const address = sharedAddress();
  const nativeConnection = await NativeConnection.connect({ address });
  const connection = await Connection.connect({ address });
  return {
    nativeConnection,
    client: new Client({ connection }),
    close: async () => {
      await connection.close();
      await nativeConnection.close();
    },
  };
}

/** The SDK says only what is wrong. */
export function quietRuntime(): void {
  const telemetryOptions = { logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) } };
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions });
}

/** A worker with the real activities, over the services of `config`. */
export async function openHarness(
  { nativeConnection, client }: Server,
  work: { config: LroConfig; continueAsNewAfterEvents?: number },
): Promise<Harness> {
  const taskQueue = `lro-${randomUUID()}`;
  const options = { ...work, connection: nativeConnection, taskQueue, worker: { workflowBundle: workflowBundle() } };
  const { worker, connections } = await createLroWorker(options);
  const ended = worker.run();
  return {
    taskQueue,
    lro: new LroClient({ client, taskQueue }),
    start: (input) => start(client, taskQueue, input),
    close: async () => {
      worker.shutdown();
      await ended;
      connections.close();
    },
  };
}

export interface ScriptedHarness extends Omit<Harness, 'start'> {
  /** Starts an operation whose activities do what `activities` say. */
  start(activities: OperationActivities, input?: OperationInput): Promise<Handle>;
  /** The id of a workflow that is to be started in another way. */
  script(activities: OperationActivities): string;
}

/** One worker for operations with a script each: to end a worker and start another takes longer than most tests. */
export async function openScriptedHarness({ nativeConnection, client }: Server): Promise<ScriptedHarness> {
  const taskQueue = `lro-${randomUUID()}`;
  const scripts = new Map<string, OperationActivities>();
  const worker = await Worker.create({
    connection: nativeConnection,
    taskQueue,
    workflowBundle: workflowBundle(),
    activities: byWorkflow(scripts),
  });
  const ended = worker.run();
  const script = (activities: OperationActivities): string => {
    const workflowId = `operation-${randomUUID()}`;
    scripts.set(workflowId, activities);
    return workflowId;
  };
  return {
    taskQueue,
    lro: new LroClient({ client, taskQueue }),
    start: (activities, input = SUBMIT) => start(client, taskQueue, input, script(activities)),
    script,
    close: async () => {
      worker.shutdown();
      await ended;
    },
  };
}

/** The activities of one operation, by the names that tests call them by. */
export interface OperationActivities {
  prepare: LroActivities['lro.prepare'];
  submit: LroActivities['lro.submit'];
  status: LroActivities['lro.ask'];
  resource: LroActivities['lro.readResults'];
  cancel: LroActivities['lro.cancel'];
}

/** As a worker registers them. */
export function registered(script: () => OperationActivities): Partial<LroActivities> {
  return {
    'lro.prepare': (request) => script().prepare(request),
    'lro.submit': (request) => script().submit(request),
    'lro.ask': (asks, options) => script().status(asks, options),
    'lro.readResults': (requests, options) => script().resource(requests, options),
    'lro.cancel': (calls) => script().cancel(calls),
  };
}

/** The activities of the script that the calling workflow was started with. */
function byWorkflow(scripts: ReadonlyMap<string, OperationActivities>): Partial<LroActivities> {
  return registered(() => {
    const found = scripts.get(Context.current().info.workflowExecution?.workflowId ?? '');
    if (found === undefined) throw new Error('no script for this workflow');
    return found;
  });
}

export type Handle = WorkflowHandleWithFirstExecutionRunId<RunOperation>;

function start(client: Client, taskQueue: string, input: OperationInput, workflowId = `operation-${randomUUID()}`): Promise<Handle> {
  return client.workflow.start<RunOperation>(RUN_OPERATION, { workflowId, taskQueue, args: [input] });
}

type RunOperation = (input: OperationInput) => Promise<OperationResult>;

/** What a scripted service is asked to answer. Every member may be left out. */
export interface Scripted {
  /** In order; the last one repeats. Default: accepted. */
  submits?: (SubmitDecision | Promise<SubmitDecision>)[];
  prepare?: () => Promise<void>;
  /** By the number of the poll, from 1. Default: succeeded. */
  status?: (poll: number, monitor: Monitor) => StatusDecision | Promise<StatusDecision>;
  cancel?: () => CancelDecision | Promise<CancelDecision>;
  resource?: OperationActivities['resource'];
  prepared?: Partial<About>;
  continueAsNewAfterEvents?: number;
  /** As workers of now answer; false: as those did before there were digests. Default true. */
  withDigest?: boolean;
}

export interface ScriptedActivities extends OperationActivities {
  /** What was sent, in order. */
  submitted: SubmitItem[];
  polls: number;
  cancels: number;
  /** Resolves when this activity has been called so often. */
  called(activity: keyof OperationActivities, times?: number): Promise<void>;
}

/** Holds whoever awaits `passed` until `open` is called. */
export interface Gate {
  passed: Promise<void>;
  open(): void;
}

export function gate(): Gate {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { passed, open };
}

export const MONITOR: Monitor = {
  connection: 'maps',
  statusUrl: 'https://maps.example.com/tilesets/operations/op-1?api-version=2.0',
  style: 'monitor',
  operationId: 'op-1',
  apiVersion: '2.0',
  acceptedAtMs: 0,
};

export function running(waitSeconds: number, more: Partial<Running> = {}): Running {
  return { kind: 'running', waitSeconds, why: 'Retry-After', status: 'Running', ...more };
}

export const SUCCEEDED: StatusDecision = {
  kind: 'succeeded',
  outcome: { status: 'Succeeded', operationId: 'op-1', resourceLocation: 'https://maps.example.com/tilesets/t1', resourceId: 't1' },
};

export function accepted(waitSeconds = 0): SubmitDecision {
  return { kind: 'accepted', monitor: MONITOR, waitSeconds, why: 'Retry-After', status: 'NotStarted' };
}

/** Activities that send nothing: each says what the script says. */
export function scripted(script: Scripted = {}): ScriptedActivities {
  const { submits = [accepted()], status = () => SUCCEEDED, continueAsNewAfterEvents } = script;
  const calls = new Calls();
  const activities: ScriptedActivities = {
    submitted: [],
    polls: 0,
    cancels: 0,
    called: (activity, times = 1) => calls.reached(activity, times),
    prepare: async ({ input }) => {
      calls.count('prepare');
      await script.prepare?.();
      return {
        about: {
          id: '',
          connection: 'maps',
          title: 'POST /tilesets · maps',
          deadlineSeconds: input.deadlineSeconds ?? 86_400,
          onUncertainSubmit: input.onUncertainSubmit ?? 'retry',
          minSeconds: 1,
          timeoutSeconds: 30,
          cancel: input.cancel,
          labels: input.labels,
          ...script.prepared,
        },
        attach: input.attach && { ...MONITOR, statusUrl: input.attach.statusUrl },
        settings: { searchAttributes: [], continueAsNewAfterEvents },
        inputDigest: script.withDigest === false ? undefined : inputDigest(input),
      };
    },
    submit: async (sent) => {
      const items = rowsOf(sent.items);
      activities.submitted.push(...items);
      const next = submits[Math.min(activities.submitted.length, submits.length) - 1] ?? accepted();
      calls.count('submit');
      const decision = await withHeartbeat(() => Promise.resolve(next));
      return items.map(({ index, firstSentAtMs }) => ({ index, decision, firstSentAtMs }));
    },
    status: (asks) => {
      const poll = ++activities.polls;
      calls.count('status');
      return withHeartbeat(() => Promise.all(rowsOf(asks).map(async ({ id, monitor }) => ({ id, decision: await status(poll, monitor) }))));
    },
    resource: (requests, options) => {
      calls.count('resource');
      const fetched = requests.map(({ id }) => ({ id, decision: { kind: 'fetched' as const, cut: false } }));
      return script.resource?.(requests, options) ?? Promise.resolve(fetched);
    },
    cancel: async (requests) => {
      activities.cancels++;
      calls.count('cancel');
      const decision = (await script.cancel?.()) ?? { kind: 'accepted' as const, httpStatus: 202 };
      return requests.map(({ id }) => ({ id, decision }));
    },
  };
  return activities;
}

/** An input that scripted activities take. */
export const SUBMIT: OperationInput = { connection: 'maps', submit: { path: '/tilesets' } };

/** How often each activity was called, and who waits for that. */
class Calls {
  private readonly counts = new Map<string, number>();
  private readonly waiting = new Set<() => void>();

  count(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    for (const look of [...this.waiting]) look();
  }

  reached(name: string, times: number): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if ((this.counts.get(name) ?? 0) < times) return;
        this.waiting.delete(look);
        resolve();
      };
      this.waiting.add(look);
      look();
    });
  }
}
