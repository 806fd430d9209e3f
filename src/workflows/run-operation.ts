/**
 * Workflow `runOperation`: one operation, from its submission to its end.
 *
 * Keeps true:
 * 1. Handlers are registered before anything else; the input is checked after.
 * 2. It ends with a result, with a typed failure, or as cancelled, and then its memo says what it left at the service.
 * 3. It continues as new only while no update waits, and carries all that the loop needs.
 */
import {
  ApplicationFailure,
  CancellationScope,
  allHandlersFinished,
  condition,
  defineQuery,
  defineSignal,
  defineUpdate,
  isCancellation,
  makeContinueAsNewFunc,
  setHandler,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';
import type { LearntSettings, Prepared, PreparedOperation } from '../activities/messages';
import type { Acceptance, FailureDetails, OperationInput, OperationPhase, OperationProgress, OperationResult } from '../contract';
import { ACCEPTED_UPDATE, POLL_NOW_SIGNAL, PROGRESS_QUERY } from '../contract';
import { failureIn, prepare } from './calls';
import { OperationCourse, type CourseState } from './course';
import { shouldContinueAsNew } from './history';
import { ENDED_STATUS, showProgress, showSearchAttributes } from './show';

const progressQuery = defineQuery<OperationProgress>(PROGRESS_QUERY);
const acceptedUpdate = defineUpdate<Acceptance>(ACCEPTED_UPDATE);
const pollNowSignal = defineSignal(POLL_NOW_SIGNAL);

/** What one run hands to the next. Plain JSON. */
export interface CarriedOperation extends CourseState {
  operation: PreparedOperation;
  settings: LearntSettings;
  written: Record<string, string>;
  deadlineAtMs?: number;
}

/** @throws ApplicationFailure as the contract says */
export async function runOperation(input: OperationInput, carried?: CarriedOperation): Promise<OperationResult> {
  // Only a run of our own continues with what the one before carried; whatever else a caller adds is not an input.
  const run = new OperationRun(input, workflowInfo().continuedFromExecutionRunId === undefined ? undefined : carried);
  setHandler(progressQuery, () => run.progress());
  setHandler(acceptedUpdate, () => run.acceptance());
  setHandler(pollNowSignal, () => run.pollNow());
  try {
    return await run.toItsEnd();
  } finally {
    // An update that waits for acceptance gets its answer before the workflow closes.
    await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  }
}

class OperationRun {
  private phase: OperationPhase = 'validating';
  private prepared: Prepared | undefined;
  private deadlineAtMs: number | undefined;
  private readonly written: Record<string, string>;
  private course: OperationCourse | undefined;
  private failure: FailureDetails | undefined;
  private closed = false;
  private polledNow = false;

  constructor(
    private readonly input: OperationInput,
    carried: CarriedOperation | undefined,
  ) {
    this.written = carried?.written ?? {};
    if (carried === undefined) return;
    const { operation, settings, deadlineAtMs } = carried;
    this.prepared = { operation, settings };
    this.deadlineAtMs = deadlineAtMs;
    this.course = this.newCourse(operation, carried);
  }

  /** The story. */
  async toItsEnd(): Promise<OperationResult> {
    try {
      const { operation, settings } = (this.prepared ??= await this.prepare());
      this.show();
      this.course ??= this.newCourse(operation, this.polledNow ? { polledNow: true } : {});
      const end = await this.course.run(() => shouldContinueAsNew(settings) && allHandlersFinished());
      if (end === undefined) await this.continueAsNew(this.course);
    } catch (err) {
      if (!isCancellation(err)) throw err;
      if (!(await CancellationScope.nonCancellable(() => this.cancel()))) {
        this.enter('canceled');
        throw err;
      }
    } finally {
      this.closed = true;
    }
    return this.result();
  }

  private async prepare(): Promise<Prepared> {
    const { workflowId, firstExecutionRunId, runId, startTime } = workflowInfo();
    const identity = { workflowId, firstRunId: firstExecutionRunId || runId, itemId: '', generation: 0 };
    try {
      const prepared = await prepare({ input: this.input, identity });
      const { deadlineSeconds } = prepared.operation;
      this.deadlineAtMs = deadlineSeconds > 0 ? startTime.getTime() + deadlineSeconds * 1000 : undefined;
      return prepared;
    } catch (err) {
      const details = failureIn(err);
      if (details === undefined) throw err;
      throw this.fail(details);
    }
  }

  private newCourse(operation: PreparedOperation, state: CourseState): OperationCourse {
    const { deadlineAtMs } = this;
    return new OperationCourse({ operation, request: this.input.submit ?? {}, deadlineAtMs }, state, {
      entered: (phase) => this.enter(phase),
      // From here on the memo says so, whatever becomes of this workflow.
      taken: (monitor) => upsertMemo({ operationId: monitor.operationId ?? null, statusUrl: monitor.shownUrl ?? monitor.statusUrl }),
    });
  }

  private async continueAsNew(course: OperationCourse): Promise<never> {
    if (this.prepared === undefined) throw ApplicationFailure.nonRetryable('nothing to carry');
    // A body that is accepted is not needed again.
    const submit = this.input.submit;
    const lean = course.isSubmitted && submit !== undefined ? { ...this.input, submit: { ...submit, body: undefined } } : this.input;
    // Temporal hands on the memo that the workflow was started with, not what it wrote since.
    const next = makeContinueAsNewFunc<typeof runOperation>({ memo: workflowInfo().memo });
    return await next(lean, { ...this.prepared, written: this.written, deadlineAtMs: this.deadlineAtMs, ...course.state() });
  }

  /** Tells the service, where the input says how. True when the operation had ended by itself. */
  private async cancel(): Promise<boolean> {
    if (this.course === undefined) return false;
    const { ended, said } = await this.course.cancel();
    if (said !== undefined) upsertMemo({ cancel: said });
    return ended;
  }

  private result(): OperationResult {
    const end = this.course?.end;
    if (this.course === undefined || end === undefined) throw ApplicationFailure.nonRetryable('no end');
    if (end.kind === 'failed') throw this.fail(end.failure);
    this.enter('succeeded');
    return this.course.result(this.input.labels);
  }

  private fail(failure: FailureDetails): ApplicationFailure {
    const labels = this.prepared === undefined ? undefined : this.input.labels;
    const details = { ...failure, ...(labels && { labels }) };
    this.failure = details;
    this.enter(failure.type === 'OperationCanceled' ? 'canceled' : 'failed');
    return ApplicationFailure.create({ type: failure.type, message: failure.message, nonRetryable: true, details: [details] });
  }

  /** Answer of update `accepted`: waits until the service has accepted, or fails as the operation does. */
  async acceptance(): Promise<Acceptance> {
    const isEnded = (): boolean => this.failure !== undefined || this.course?.end !== undefined || this.closed;
    // Who waits gets the answer of a submit that a cancellation does not cut, and a typed failure where there is none.
    await CancellationScope.nonCancellable(() => condition(() => this.course?.isAccepted === true || isEnded()));
    if (this.course?.isAccepted === true) return this.course.acceptance();
    const failure = this.failure ?? (this.course?.end?.kind === 'failed' ? this.course.end.failure : undefined);
    if (failure !== undefined) throw this.fail(failure);
    const message = 'the workflow was cancelled before the service had accepted the operation';
    throw ApplicationFailure.create({
      type: 'OperationCanceled',
      message,
      nonRetryable: true,
      details: [{ type: 'OperationCanceled', message }],
    });
  }

  pollNow(): void {
    this.polledNow = true;
    this.course?.pollNow();
  }

  /** Answer of query `progress`. */
  progress(): OperationProgress {
    return { phase: this.phase, ...(this.course?.progress() ?? { polls: 0 }) };
  }

  private enter(phase: OperationPhase): void {
    this.phase = phase;
    this.show();
  }

  private show(): void {
    if (this.prepared === undefined) return;
    const { operation, settings } = this.prepared;
    const progress = this.progress();
    showProgress(operation.title, progress, this.input.labels);
    const status = ENDED_STATUS[this.phase] ?? progress.status;
    const values = { connection: operation.connection, operationId: progress.operationId, status: status ?? 'Submitting' };
    showSearchAttributes(values, settings.searchAttributes, this.written);
  }
}
