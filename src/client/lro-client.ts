/**
 * The typed client for TypeScript services.
 *
 * Keeps true: the same id is the same operation. A running one is joined, one that has succeeded gives its recorded result, and only
 * one that has failed is started anew.
 */
import { randomUUID } from 'node:crypto';
import {
  Client,
  Connection,
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type ClientOptions,
  type WorkflowHandle,
  type WorkflowStartOptions,
} from '@temporalio/client';
import { CancelledFailure, TerminatedFailure, TimeoutFailure } from '@temporalio/common';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { Acceptance, OperationInput, OperationProgress, OperationResult } from '../contract';
import { ACCEPTED_UPDATE, DEFAULT_CONNECTION, DEFAULT_TASK_QUEUE, POLL_NOW_SIGNAL, PROGRESS_QUERY, RUN_OPERATION } from '../contract';
import { OperationCancelledError, OperationError, operationFailure, StillRunningError } from './errors';

export interface LroClientOptions {
  /** A Temporal client of one's own. */
  client: Client;
  /** Default `lro`. */
  taskQueue?: string;
}

export interface StartOptions {
  /** The caller's name for this operation (`tileset/campus-7/2026-11-23`): asking twice with one id is asking once. Default: a random one. */
  id?: string;
}

export interface WaitOptions {
  /** Of this call, not of the operation. Default: none for results, 60 s for acceptance. */
  timeoutSeconds?: number;
}

/** One operation, found by its id. */
export interface OperationHandle {
  readonly id: string;
  /** Where it stands. */
  progress(): Promise<OperationProgress>;
  /**
   * Waits for the end.
   * @throws OperationError, OperationCancelledError, StillRunningError (with `timeoutSeconds`)
   */
  result(options?: WaitOptions): Promise<OperationResult>;
  /**
   * Waits until the service has accepted it.
   * @throws OperationError when it was refused, StillRunningError
   */
  accepted(options?: WaitOptions): Promise<Acceptance>;
  /** Asks for its cancellation, at the service too where the input says how. */
  cancel(): Promise<void>;
  /** Asks the service now instead of waiting. */
  pollNow(): Promise<void>;
}

const DEFAULT_ACCEPTANCE_SECONDS = 60;

export class LroClient {
  private readonly client: Client;
  private readonly taskQueue: string;
  private owned: Connection | undefined;

  constructor({ client, taskQueue = DEFAULT_TASK_QUEUE }: LroClientOptions) {
    this.client = client;
    this.taskQueue = taskQueue;
  }

  /** Connects as `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, … or `temporal.toml` say. `close()` it at the end. */
  static async connect(
    options: Omit<LroClientOptions, 'client'> & Partial<Pick<ClientOptions, 'namespace'>> & { address?: string } = {},
  ): Promise<LroClient> {
    const { connectionOptions, namespace } = loadClientConnectConfig();
    const address = options.address ?? connectionOptions.address;
    const connection = await Connection.connect({ ...connectionOptions, ...(address === undefined ? {} : { address }) });
    const client = new Client({ connection, namespace: options.namespace ?? namespace ?? 'default' });
    const lro = new LroClient({ client, ...(options.taskQueue === undefined ? {} : { taskQueue: options.taskQueue }) });
    lro.owned = connection;
    return lro;
  }

  /** Closes the connection that `connect` opened. */
  async close(): Promise<void> {
    await this.owned?.close();
  }

  /** Starts an operation and returns as soon as Temporal has it. */
  async start(input: OperationInput, { id = randomUUID() }: StartOptions = {}): Promise<OperationHandle> {
    try {
      await this.client.workflow.start(RUN_OPERATION, this.startOptions(input, id));
    } catch (err) {
      // It has succeeded before: its handle gives the recorded result.
      if (!(err instanceof WorkflowExecutionAlreadyStartedError)) throw err;
    }
    return this.get(id);
  }

  /** Starts an operation and waits for its end. */
  async execute(input: OperationInput, options: StartOptions & WaitOptions = {}): Promise<OperationResult> {
    return (await this.start(input, options)).result(options);
  }

  /**
   * Starts an operation and waits until the service has accepted or refused it: the 202 or the 400 comes back in this one call.
   * @throws OperationError when it was refused, StillRunningError
   */
  async startAndWaitAccepted(
    input: OperationInput,
    { id = randomUUID(), timeoutSeconds = DEFAULT_ACCEPTANCE_SECONDS }: StartOptions & WaitOptions = {},
  ): Promise<OperationHandle & { acceptance: Acceptance }> {
    const { workflowIdConflictPolicy, ...startOptions } = this.startOptions(input, id);
    const startWorkflowOperation = new WithStartWorkflowOperation<(input: OperationInput) => Promise<OperationResult>>(RUN_OPERATION, {
      ...startOptions,
      workflowIdConflictPolicy,
    });
    let acceptance: Acceptance;
    try {
      acceptance = await this.waiting(id, 'acceptance', timeoutSeconds, () =>
        this.client.workflow.executeUpdateWithStart<(input: OperationInput) => Promise<OperationResult>, Acceptance, []>(ACCEPTED_UPDATE, {
          updateId: ACCEPTANCE_UPDATE_ID,
          startWorkflowOperation,
        }),
      );
    } catch (err) {
      if (!(err instanceof WorkflowExecutionAlreadyStartedError)) throw err;
      const { operationId, statusUrl } = await this.get(id).result();
      acceptance = { ...(operationId === undefined ? {} : { operationId }), ...(statusUrl === undefined ? {} : { statusUrl }) };
    }
    return Object.assign(this.get(id), { acceptance });
  }

  /** An operation that was started before, by whomever. Asks nothing yet. */
  get(id: string): OperationHandle {
    const handle: WorkflowHandle = this.client.workflow.getHandle(id);
    return {
      id,
      progress: () => handle.query<OperationProgress>(PROGRESS_QUERY),
      result: ({ timeoutSeconds } = {}) => this.waiting(id, 'result', timeoutSeconds, () => handle.result() as Promise<OperationResult>),
      accepted: ({ timeoutSeconds = DEFAULT_ACCEPTANCE_SECONDS } = {}) =>
        this.waiting(id, 'acceptance', timeoutSeconds, () =>
          handle.executeUpdate<Acceptance, []>(ACCEPTED_UPDATE, { updateId: ACCEPTANCE_UPDATE_ID }),
        ),
      cancel: async () => {
        await handle.cancel();
      },
      pollNow: () => handle.signal(POLL_NOW_SIGNAL),
    };
  }

  private startOptions(input: OperationInput, workflowId: string) {
    return {
      workflowId,
      taskQueue: this.taskQueue,
      args: [input] as [OperationInput],
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      staticSummary: summaryOf(input),
    } as const satisfies WorkflowStartOptions;
  }

  /** Runs a call with its own timeout, and turns what Temporal throws into the errors of this client. */
  private async waiting<T>(id: string, what: string, timeoutSeconds: number | undefined, call: () => Promise<T>): Promise<T> {
    try {
      if (timeoutSeconds === undefined) return await call();
      const { connection } = this.client;
      return await connection.withDeadline(Date.now() + timeoutSeconds * 1000, call);
    } catch (err) {
      const details = operationFailure(err);
      if (details !== undefined) throw new OperationError(id, details.type, details);
      if (isTimeout(err) && timeoutSeconds !== undefined) throw new StillRunningError(id, what, timeoutSeconds);
      const cause = err instanceof WorkflowFailedError || err instanceof WorkflowUpdateFailedError ? err.cause : undefined;
      if (cause instanceof CancelledFailure || cause instanceof TerminatedFailure || cause instanceof TimeoutFailure) {
        throw new OperationCancelledError(id);
      }
      throw err;
    }
  }
}

/** All callers that wait for one operation's acceptance wait for one and the same update: at most 10 may be in flight. */
const ACCEPTANCE_UPDATE_ID = 'accepted';

function isTimeout(err: unknown): boolean {
  if (err instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return true;
  for (let cause = err, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth++) {
    // gRPC: DEADLINE_EXCEEDED, CANCELLED
    if ('code' in cause && (cause.code === 4 || cause.code === 1)) return true;
  }
  return false;
}

/** `POST /tilesets · maps`: what the list of workflows shows. */
function summaryOf(input: OperationInput): string {
  const connection = input.connection ?? DEFAULT_CONNECTION;
  const path = input.submit?.path.split('?')[0];
  return path === undefined ? `follow · ${connection}` : `${input.submit?.method ?? 'POST'} ${path} · ${connection}`.slice(0, 200);
}
