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
  type ClientOptions,
  type WorkflowHandle,
} from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type {
  Acceptance,
  BatchInput,
  BatchResult,
  BuildTilesetInput,
  BuildTilesetResult,
  ChainInput,
  ChainResult,
  OperationInput,
  OperationProgress,
  OperationResult,
} from '../contract';
import { ACCEPTED_UPDATE, DEFAULT_CONNECTION, DEFAULT_TASK_QUEUE, POLL_NOW_SIGNAL, PROGRESS_QUERY, RUN_OPERATION } from '../contract';
import { getBatch, startBatch, type BatchHandle } from './batches';
import { getChain, startChain, startTileset, type ChainHandle } from './chains';
import { DEFAULT_ANSWER_SECONDS, SAME_ID_SAME_RUN, startOnce, waitFor, type StartOptions, type WaitOptions } from './calls';
import { LroSchedules } from './schedules';

export interface LroClientOptions {
  /** The caller's own Temporal client. */
  client: Client;
  /** Default `lro`. */
  taskQueue?: string;
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
  /** Requests its cancellation, also at the service if the input has `cancel`. */
  cancel(): Promise<void>;
  /** Polls now instead of waiting. */
  pollNow(): Promise<void>;
}

export class LroClient {
  /** Temporal Schedules of batches. */
  readonly schedules: LroSchedules;
  private readonly client: Client;
  private readonly taskQueue: string;
  private owned: Connection | undefined;

  constructor({ client, taskQueue = DEFAULT_TASK_QUEUE }: LroClientOptions) {
    this.client = client;
    this.taskQueue = taskQueue;
    this.schedules = new LroSchedules(client, taskQueue);
  }

  /** Connects to what `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, … or `temporal.toml` name. `close()` it at the end. */
  static async connect(
    options: Omit<LroClientOptions, 'client'> & Partial<Pick<ClientOptions, 'namespace'>> & { address?: string } = {},
  ): Promise<LroClient> {
    const { connectionOptions, namespace } = loadClientConnectConfig();
    const address = options.address ?? connectionOptions.address;
    const connection = await Connection.connect({ ...connectionOptions, address });
    const client = new Client({ connection, namespace: options.namespace ?? namespace ?? 'default' });
    const lro = new LroClient({ client, taskQueue: options.taskQueue });
    lro.owned = connection;
    return lro;
  }

  /** Closes the connection that `connect` opened. */
  async close(): Promise<void> {
    await this.owned?.close();
  }

  /** Starts an operation and returns as soon as Temporal has it. */
  async start(input: OperationInput, { id = randomUUID() }: StartOptions = {}): Promise<OperationHandle> {
    await startOnce(this.client, RUN_OPERATION, this.startOptions(input, id));
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
    { id = randomUUID(), timeoutSeconds = DEFAULT_ANSWER_SECONDS }: StartOptions & WaitOptions = {},
  ): Promise<OperationHandle & { acceptance: Acceptance }> {
    const startWorkflowOperation = new WithStartWorkflowOperation<(input: OperationInput) => Promise<OperationResult>>(RUN_OPERATION, {
      ...this.startOptions(input, id),
      ...SAME_ID_SAME_RUN,
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
      acceptance = { operationId, statusUrl };
    }
    return Object.assign(this.get(id), { acceptance });
  }

  /** An operation that was started before, by anyone. Makes no call yet. */
  get(id: string): OperationHandle {
    const handle: WorkflowHandle = this.client.workflow.getHandle(id);
    return {
      id,
      progress: () => handle.query<OperationProgress>(PROGRESS_QUERY),
      result: ({ timeoutSeconds } = {}) => this.waiting(id, 'result', timeoutSeconds, () => handle.result() as Promise<OperationResult>),
      accepted: ({ timeoutSeconds = DEFAULT_ANSWER_SECONDS } = {}) =>
        this.waiting(id, 'acceptance', timeoutSeconds, () =>
          handle.executeUpdate<Acceptance, []>(ACCEPTED_UPDATE, { updateId: ACCEPTANCE_UPDATE_ID }),
        ),
      cancel: async () => {
        await handle.cancel();
      },
      pollNow: () => handle.signal(POLL_NOW_SIGNAL),
    };
  }

  /** Starts the building of a tileset, from wherever the input begins, and returns as soon as Temporal has it. */
  buildTileset(input: BuildTilesetInput, options: StartOptions = {}): Promise<ChainHandle<BuildTilesetResult>> {
    return startTileset(this.client, this.taskQueue, input, options);
  }

  /** Starts a chain of operations and returns as soon as Temporal has it. */
  runChain(input: ChainInput, options: StartOptions = {}): Promise<ChainHandle> {
    return startChain(this.client, this.taskQueue, input, options);
  }

  /** A chain that was started before, by anyone. Makes no call yet. */
  getChain<R extends ChainResult = ChainResult>(id: string): ChainHandle<R> {
    return getChain(this.client, id);
  }

  /** Starts a batch and returns as soon as Temporal has it. */
  startBatch(input: BatchInput, options: StartOptions = {}): Promise<BatchHandle> {
    return startBatch(this.client, this.taskQueue, input, options);
  }

  /**
   * Starts a batch and waits for its end.
   * @throws BatchError, BatchCancelledError, StillRunningError (with `timeoutSeconds`)
   */
  async executeBatch(input: BatchInput, options: StartOptions & WaitOptions = {}): Promise<BatchResult> {
    return (await this.startBatch(input, options)).result(options);
  }

  /** A batch that was started before, by anyone or by a schedule. Makes no call yet. */
  getBatch(id: string): BatchHandle {
    return getBatch(this.client, id);
  }

  private startOptions(input: OperationInput, workflowId: string) {
    return { workflowId, taskQueue: this.taskQueue, args: [input] as [OperationInput], staticSummary: summaryOf(input) };
  }

  private waiting<T>(id: string, what: string, timeoutSeconds: number | undefined, call: () => Promise<T>): Promise<T> {
    return waitFor(this.client, { kind: 'operation', id }, what, timeoutSeconds, call);
  }
}

/** One update id for all callers: they wait for the same update, of which Temporal allows 10 in flight for a workflow. */
const ACCEPTANCE_UPDATE_ID = 'accepted';

/** `POST /tilesets · maps`: what the list of workflows shows. */
function summaryOf(input: OperationInput): string {
  const connection = input.connection ?? DEFAULT_CONNECTION;
  const path = input.submit?.path.split('?')[0];
  return path === undefined ? `follow · ${connection}` : `${input.submit?.method ?? 'POST'} ${path} · ${connection}`.slice(0, 200);
}
