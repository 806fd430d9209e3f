/**
 * The typed client for TypeScript services.
 *
 * Keeps true: the same id is the same operation. A running one is joined, one that has succeeded gives its recorded result, and only
 * one that has failed is started anew; another request under its id is refused (`IdConflict`).
 */
import { randomUUID } from 'node:crypto';
import type { Client, Connection } from '@temporalio/client';
import { WithStartWorkflowOperation, WorkflowExecutionAlreadyStartedError, type WorkflowHandle } from '@temporalio/client';
import type {
  Acceptance,
  AnyBody,
  BatchInput,
  BatchResult,
  BuildTilesetInput,
  BuildTilesetResult,
  ChainInput,
  ChainResult,
  Json,
  OperationInput,
  OperationProgress,
  OperationResult,
  PriorityOptions,
  TypedInput,
} from '../contract';
import { ACCEPTED_UPDATE, DEFAULT_TASK_QUEUE, POLL_NOW_SIGNAL, PROGRESS_QUERY, RUN_OPERATION } from '../contract';
import { withTracked } from './tracked-progress';
import { getBatch, startBatch, type BatchHandle } from './batches';
import { getChain, startChain, startTileset, type ChainHandle } from './chains';
import {
  DEFAULT_ANSWER_SECONDS,
  ofKind,
  ONLY_NEW,
  startOptionsOf,
  startOnce,
  waitFor,
  withAdvice,
  type Started,
  type StartOptions,
  type WaitOptions,
} from './calls';
import { openClient, type LroConnectOptions } from './connecting';
import { requireClient, requireId, requireInput, requireOptions, requireWord, secondsOf } from './given';
import { operationTitle } from '../identity/id-conflict';
import { acceptedUpdateId, digestToSend } from '../identity/input-digest';
import { priorityOf, type FairnessBy } from './priority';
import { findRun, listRuns, RUN_KINDS, RUN_STATES, workersOf, type QueueWorkers, type RunFilter, type RunSummary } from './runs';
import { askWorker } from './standing';
import { requireSameRequest, type WantedRun } from './same-request';
import { LroSchedules } from './schedules';
import { operationDetails } from './static-details';

export interface LroClientOptions {
  /** The caller's own Temporal client. Where the workers encrypt, it needs their keys: `dataConverter: encryptedData(keys)`. */
  client: Client;
  /** Default `lro`. */
  taskQueue?: string;
  /** Whose share of busy workers what it starts counts for, where a start does not say so itself. Default `connection`. */
  fairnessBy?: FairnessBy;
}

/** One operation, found by its id. */
export interface OperationHandle<Body = Json, Resource = Json> {
  readonly id: string;
  /**
   * Where it stands: a worker answers.
   * @throws StillRunningError when none does within `timeoutSeconds`
   */
  progress(options?: WaitOptions): Promise<OperationProgress>;
  /**
   * Waits for the end.
   * @throws OperationError, OperationCancelledError, StillRunningError (with `timeoutSeconds`)
   */
  result(options?: WaitOptions): Promise<OperationResult<Body, Resource>>;
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
  /** The Temporal client under it, for what this one has no call for. */
  readonly client: Client;
  private readonly taskQueue: string;
  private readonly fairnessBy: FairnessBy;
  private owned: Connection | undefined;

  constructor(options: LroClientOptions) {
    requireOptions(options, ['client', 'taskQueue', 'fairnessBy']);
    const { client, taskQueue = DEFAULT_TASK_QUEUE, fairnessBy = 'connection' } = options;
    requireClient(client);
    this.client = client;
    this.taskQueue = taskQueue;
    this.fairnessBy = fairnessBy;
    this.schedules = new LroSchedules(client, taskQueue, fairnessBy);
  }

  /**
   * Connects to what `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, … or `temporal.toml` name. `close()` it at the end.
   * @throws ConfigError with every mistake of the encryption keys that the environment names
   */
  static async connect(options: LroConnectOptions = {}): Promise<LroClient> {
    const { client, connection } = await openClient(options);
    const lro = new LroClient({ client, taskQueue: options.taskQueue, fairnessBy: options.fairnessBy });
    lro.owned = connection;
    return lro;
  }

  /** Closes the connection that `connect` opened. */
  async close(): Promise<void> {
    await this.owned?.close();
  }

  /** Starts an operation and returns as soon as Temporal has it. */
  async start<B = Json, R = Json, Sent = AnyBody>(
    input: TypedInput<B, R, Sent>,
    options: StartOptions = {},
  ): Promise<OperationHandle<B, R> & Started> {
    const { id, priority } = startOptionsOf(options);
    const started = await startOnce(this.client, 'operation', this.taskQueue, this.wanted(input, id, priority));
    return { ...this.get<B, R>(id), started };
  }

  /** Starts an operation and waits for its end. */
  async execute<B = Json, R = Json, Sent = AnyBody>(
    input: TypedInput<B, R, Sent>,
    options: StartOptions & WaitOptions = {},
  ): Promise<OperationResult<B, R>> {
    return (await this.start(input, options)).result(options);
  }

  /**
   * Starts an operation and waits until the service has accepted or refused it: the 202 or the 400 comes back in this one call.
   * @throws OperationError when it was refused, or the id belongs to another request (`IdConflict`); StillRunningError
   */
  async startAndWaitAccepted<B = Json, R = Json, Sent = AnyBody>(
    input: TypedInput<B, R, Sent>,
    options: StartOptions & WaitOptions = {},
  ): Promise<OperationHandle<B, R> & Started & { acceptance: Acceptance }> {
    const { id, priority } = startOptionsOf(options);
    requireId(id);
    const timeoutSeconds = secondsOf(options, DEFAULT_ANSWER_SECONDS);
    const wanted = this.wanted(input, id, priority);
    const end = await this.waiting(id, 'acceptance', timeoutSeconds, async () => {
      try {
        // An update of one's own: a known one would be joined, and nobody could tell that from a start.
        const updateId = `${acceptedUpdateId(digestToSend(input))}-${randomUUID()}`;
        return { acceptance: await this.updateWithStart(input, wanted, 'FAIL', updateId), started: true };
      } catch (err) {
        if (!(err instanceof WorkflowExecutionAlreadyStartedError)) throw err;
        await requireSameRequest(this.client, wanted);
        return { acceptance: await this.joined(input, wanted), started: false };
      }
    });
    return { ...this.get<B, R>(id), ...end };
  }

  /** An operation that was started before, by anyone. Makes no call yet. */
  get<B = Json, R = Json>(id: string): OperationHandle<B, R> {
    requireId(id);
    const handle: WorkflowHandle = this.client.workflow.getHandle(id);
    const run = { kind: 'operation', id } as const;
    return {
      id,
      progress: async (options) =>
        this.waiting(id, 'progress', secondsOf(options, DEFAULT_ANSWER_SECONDS), async () => {
          const answer = await askWorker(this.client, run, () => handle.query<OperationProgress>(PROGRESS_QUERY));
          return withTracked(this.client, id, await ofKind(this.client, run, 'polls', answer));
        }),
      result: async (options) =>
        this.waiting(id, 'result', secondsOf(options, undefined), async () =>
          ofKind(this.client, run, 'status', (await handle.result()) as OperationResult<B, R>),
        ),
      accepted: async (options) =>
        this.waiting(id, 'acceptance', secondsOf(options, DEFAULT_ANSWER_SECONDS), () =>
          handle.executeUpdate<Acceptance, []>(ACCEPTED_UPDATE, { updateId: ACCEPTANCE_UPDATE_ID }),
        ),
      cancel: async () => {
        await this.waiting(id, 'answer', undefined, () => handle.cancel());
      },
      pollNow: async () => this.waiting(id, 'answer', undefined, () => handle.signal(POLL_NOW_SIGNAL)),
    };
  }

  /** Starts the building of a tileset, from wherever the input begins, and returns as soon as Temporal has it. */
  buildTileset(input: BuildTilesetInput, options: StartOptions = {}): Promise<ChainHandle<BuildTilesetResult> & Started> {
    return startTileset(this.client, this.taskQueue, input, options, this.fairnessBy);
  }

  /** Starts a chain of operations and returns as soon as Temporal has it. */
  runChain(input: ChainInput<AnyBody>, options: StartOptions = {}): Promise<ChainHandle & Started> {
    return startChain(this.client, this.taskQueue, input as ChainInput, options, this.fairnessBy);
  }

  /** A chain that was started before, by anyone. Makes no call yet. */
  getChain<R extends ChainResult = ChainResult>(id: string): ChainHandle<R> {
    return getChain(this.client, id);
  }

  /** Starts a batch and returns as soon as Temporal has it. */
  startBatch(input: BatchInput<AnyBody>, options: StartOptions = {}): Promise<BatchHandle & Started> {
    return startBatch(this.client, this.taskQueue, input as BatchInput, options, this.fairnessBy);
  }

  /**
   * Starts a batch and waits for its end.
   * @throws BatchError, BatchCancelledError, StillRunningError (with `timeoutSeconds`)
   */
  async executeBatch(input: BatchInput<AnyBody>, options: StartOptions & WaitOptions = {}): Promise<BatchResult> {
    return (await this.startBatch(input, options)).result(options);
  }

  /** A batch that was started before, by anyone or by a schedule. Makes no call yet. */
  getBatch(id: string): BatchHandle {
    return getBatch(this.client, id);
  }

  /** An operation, chain or batch by its id. Needs no worker. @throws WorkflowNotFoundError */
  async find(id: string): Promise<RunSummary> {
    requireId(id);
    return await findRun(this.client, id).catch((err: unknown) => {
      throw withAdvice(err, this.client, { kind: 'run', id });
    });
  }

  /** Operations, chains and batches of the namespace, newest first; some seconds old. Needs no worker. */
  async list(filter: RunFilter = {}): Promise<RunSummary[]> {
    requireOptions(filter, ['kind', 'state', 'status', 'connection', 'trouble', 'limit']);
    requireWord('kind', filter.kind, RUN_KINDS);
    requireWord('state', filter.state, RUN_STATES);
    return await listRuns(this.client, filter);
  }

  /** Who works on the task queue, by default on this client's. */
  workers(taskQueue: string = this.taskQueue): Promise<QueueWorkers> {
    return workersOf(this.client, taskQueue);
  }

  /** Of an operation that is there: runs, or has succeeded. */
  private async joined(input: object, wanted: WantedRun): Promise<Acceptance> {
    try {
      return await this.updateWithStart(input, wanted, 'USE_EXISTING', acceptedUpdateId(digestToSend(input)));
    } catch (err) {
      if (!(err instanceof WorkflowExecutionAlreadyStartedError)) throw err;
      const { operationId, statusUrl } = await this.get(wanted.workflowId).result();
      return { ...(operationId === undefined ? {} : { operationId }), ...(statusUrl === undefined ? {} : { statusUrl }) };
    }
  }

  private updateWithStart(
    input: object,
    { workflowId, workflowType, title, details, priority }: WantedRun,
    conflict: 'FAIL' | 'USE_EXISTING',
    updateId: string,
  ): Promise<Acceptance> {
    const startWorkflowOperation = new WithStartWorkflowOperation<RunOperation>(workflowType, {
      workflowId,
      taskQueue: this.taskQueue,
      args: [input as OperationInput],
      staticSummary: title,
      staticDetails: details,
      priority,
      ...ONLY_NEW,
      workflowIdConflictPolicy: conflict,
    });
    return this.client.workflow.executeUpdateWithStart<RunOperation, Acceptance, [object]>(ACCEPTED_UPDATE, {
      updateId,
      args: [input],
      startWorkflowOperation,
    });
  }

  /** Bodies of any type are JSON once they are on the way. */
  private wanted(input: object, workflowId: string, given: PriorityOptions | undefined): WantedRun {
    requireInput(input);
    return { ...wantedOperation(input as OperationInput, workflowId), priority: priorityOf(RUN_OPERATION, input, this.fairnessBy, given) };
  }

  private waiting<T>(id: string, what: string, timeoutSeconds: number | undefined, call: () => Promise<T>): Promise<T> {
    return waitFor(this.client, { kind: 'operation', id }, what, timeoutSeconds, call);
  }
}

type RunOperation = (input: OperationInput) => Promise<OperationResult>;

/** All who wait for the acceptance of whatever the operation is wait for one update: at most 10 may be in flight. */
const ACCEPTANCE_UPDATE_ID = ACCEPTED_UPDATE;

/** The run that an operation's input asks for under an id. */
export function wantedOperation(input: OperationInput, workflowId: string): WantedRun {
  return { workflowId, workflowType: RUN_OPERATION, input, title: operationTitle(input), details: operationDetails(input) };
}
