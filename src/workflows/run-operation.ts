/**
 * Workflow `runOperation`: one operation, from its submission to its end.
 *
 * Keeps true:
 * 1. Handlers are registered before anything else; the input is checked after.
 * 2. It ends with a result, with a typed failure, or as cancelled, and then its memo says what it left at the service.
 * 3. It continues as new only while no update waits, and carries all that the loop needs.
 */
import {
  ActivityFailure,
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
import type { CancelResult, LearntSettings, Prepared, PreparedOperation, SubmitItem } from '../activities/messages';
import type { Acceptance, FailureDetails, OperationInput, OperationPhase, OperationProgress, OperationResult } from '../contract';
import { ACCEPTED_UPDATE, POLL_NOW_SIGNAL, PROGRESS_QUERY } from '../contract';
import type { Accepted, Monitor } from '../lro/monitor';
import { prepare, tellCancel } from './calls';
import type { OpenOperation, OperationEnd } from './loop';
import { endedMonitor, OperationLoop, withMissing } from './loop';
import { resultOf, withoutUndefined } from './result';
import { showProgress, showSearchAttributes } from './show';
import type { Submission } from './submission';
import { getAccepted } from './submission';

const progressQuery = defineQuery<OperationProgress>(PROGRESS_QUERY);
const acceptedUpdate = defineUpdate<Acceptance>(ACCEPTED_UPDATE);
const pollNowSignal = defineSignal(POLL_NOW_SIGNAL);

/** What one run hands to the next. Plain JSON. */
export interface CarriedOperation {
  operation: PreparedOperation;
  settings: LearntSettings;
  written: Record<string, string>;
  deadlineAtMs?: number;
  submittedAtMs?: number;
  created?: { created?: string; createdText?: string };
  submission?: Submission;
  open?: OpenOperation;
  /** `pollNow` came before there was anything to ask. */
  polledNow?: boolean;
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
  private submittedAtMs: number | undefined;
  private submission: Submission | undefined;
  private open: OpenOperation | undefined;
  private created: CarriedOperation['created'];
  private readonly written: Record<string, string>;
  private loop: OperationLoop | undefined;
  private accepted = false;
  private end: OperationEnd | undefined;
  private closed = false;
  private polledNow = false;

  constructor(
    private readonly input: OperationInput,
    carried: CarriedOperation | undefined,
  ) {
    this.written = carried?.written ?? {};
    if (carried === undefined) return;
    this.prepared = { operation: carried.operation, settings: carried.settings };
    this.deadlineAtMs = carried.deadlineAtMs;
    this.submittedAtMs = carried.submittedAtMs;
    this.created = carried.created;
    this.submission = carried.submission;
    this.open = carried.open;
    this.accepted = carried.open !== undefined;
    this.polledNow = carried.polledNow === true;
  }

  /** The story. */
  async toItsEnd(): Promise<OperationResult> {
    try {
      const { operation } = (this.prepared ??= await this.prepare());
      this.show();
      if (this.open === undefined && operation.attach !== undefined) this.attach(operation, operation.attach);
      if (this.open === undefined && this.end === undefined) await this.submit(operation);
      await this.follow();
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
      const cause = err instanceof ActivityFailure ? err.cause : undefined;
      const details = cause instanceof ApplicationFailure ? (cause.details?.[0] as FailureDetails | undefined) : undefined;
      if (details === undefined) throw err;
      throw this.fail(details);
    }
  }

  private attach(operation: PreparedOperation, monitor: Monitor): void {
    this.enter('waiting');
    this.take(operation, monitor, 0, 'first poll');
  }

  private async submit(operation: PreparedOperation): Promise<void> {
    if (operation.submit === undefined) throw ApplicationFailure.nonRetryable('prepared without a submit');
    this.enter('submitting');
    this.submittedAtMs ??= Date.now();
    this.submission ??= {
      item: this.submitItem(operation, operation.submit),
      title: operation.title,
      timeoutSeconds: operation.timeoutSeconds,
      streamsFile: operation.submit.streamsFile,
      deadlineAtMs: this.deadlineAtMs,
    };
    const answer = await getAccepted(
      this.submission,
      () => this.show(),
      () => this.shouldContinueAsNew() && allHandlersFinished(),
    );
    switch (answer.kind) {
      case 'paused':
        return this.continueAsNew();
      case 'accepted':
        this.created = { created: answer.created, createdText: answer.createdText };
        return this.take(operation, answer.monitor, answer.waitSeconds, answer.why, answer);
      case 'succeeded': {
        const { outcome, shownLocation, fetches = [] } = answer;
        if (fetches.length === 0) {
          this.end = { kind: 'succeeded', outcome, shownLocation };
        } else {
          this.open = {
            ...this.opened(operation, endedMonitor(operation.connection, outcome), 0, ''),
            finishing: { outcome, shownLocation, fetches },
          };
        }
        this.accepted = true;
        return;
      }
      case 'failed':
        throw this.fail(answer.failure);
    }
  }

  private submitItem(operation: PreparedOperation, submit: NonNullable<PreparedOperation['submit']>): SubmitItem {
    const { headers, body, bodyFile } = this.input.submit ?? {};
    return {
      id: '',
      connection: operation.connection,
      method: submit.method,
      url: submit.url,
      request: { ...(headers && { headers }), ...(body !== undefined && { body }), ...(bodyFile && { bodyFile }) },
      idempotencyKey: submit.idempotencyKey,
      firstSentAtMs: Date.now(),
      onUncertainSubmit: operation.onUncertainSubmit,
      ...(operation.fetchResource && { fetchResource: true }),
      ...(operation.finalStateVia && { finalStateVia: operation.finalStateVia }),
    };
  }

  /** The service has it: from here on the memo says so, whatever becomes of this workflow. */
  private take(operation: PreparedOperation, monitor: Monitor, waitSeconds: number, why: string, answer?: Accepted): void {
    this.open = this.opened(operation, monitor, waitSeconds, why);
    if (answer?.status !== undefined) this.open.status = answer.status;
    this.open.lastProblem = this.submission?.lastProblem;
    this.submission = undefined;
    this.accepted = true;
    upsertMemo({ operationId: monitor.operationId ?? null, statusUrl: monitor.shownUrl ?? monitor.statusUrl });
    this.enter('waiting');
  }

  private opened(operation: PreparedOperation, monitor: Monitor, waitSeconds: number, why: string): OpenOperation {
    return {
      id: '',
      monitor,
      polls: 0,
      dueAtMs: Date.now() + waitSeconds * 1000,
      why,
      deadlineAtMs: this.deadlineAtMs,
      minSeconds: operation.minSeconds,
      timeoutSeconds: operation.timeoutSeconds,
    };
  }

  private async follow(): Promise<void> {
    if (this.open === undefined) return;
    this.loop = new OperationLoop([this.open], {
      changed: (operation) => {
        this.enter(operation.asking === true ? 'asking' : operation.finishing === undefined ? 'waiting' : 'fetching');
      },
      ended: (_, end) => {
        this.end = end;
      },
    });
    if (this.polledNow) this.loop.pollNow('');
    await this.loop.run(() => this.shouldContinueAsNew() && allHandlersFinished());
    if (this.end === undefined) await this.continueAsNew();
  }

  private shouldContinueAsNew(): boolean {
    // The next run would not know of a cancellation that this one was told.
    if (CancellationScope.current().consideredCancelled) return false;
    const { continueAsNewSuggested, historyLength } = workflowInfo();
    const limit = this.prepared?.settings.continueAsNewAfterEvents;
    return continueAsNewSuggested || (limit !== undefined && historyLength >= limit);
  }

  private async continueAsNew(): Promise<never> {
    if (this.prepared === undefined) throw ApplicationFailure.nonRetryable('nothing to carry');
    // A body that is accepted is not needed again.
    const submit = this.input.submit;
    const lean =
      this.submission === undefined && submit !== undefined ? { ...this.input, submit: { ...submit, body: undefined } } : this.input;
    // Temporal hands on the memo that the workflow was started with, not what it wrote since.
    const next = makeContinueAsNewFunc<typeof runOperation>({ memo: workflowInfo().memo });
    return await next(lean, {
      ...this.prepared,
      written: this.written,
      deadlineAtMs: this.deadlineAtMs,
      submittedAtMs: this.submittedAtMs,
      created: this.created,
      submission: this.submission,
      open: this.loop?.operations()[0],
      ...(this.polledNow && this.loop === undefined ? { polledNow: true } : {}),
    });
  }

  /** Tells the service, where the input says how. True when the operation had ended by itself. */
  private async cancel(): Promise<boolean> {
    if (this.end !== undefined) return true;
    const { open } = this;
    const operation = this.prepared?.operation;
    if (open?.finishing !== undefined) {
      // It has succeeded; only reading its result was cut short.
      const { outcome, shownLocation, fetches } = open.finishing;
      this.end = { kind: 'succeeded', outcome: withMissing(outcome, fetches, 'cancelled before it was read'), shownLocation };
      return true;
    }
    if (operation === undefined || open === undefined) {
      if (this.submission?.maybeAccepted === true)
        upsertMemo({ cancel: 'cancelled while nobody knew whether the service had accepted it' });
      return false;
    }
    if (operation.cancel === undefined) {
      upsertMemo({ cancel: 'the service was not told: the input names no cancel request' });
      return false;
    }
    this.enter('canceling');
    let answer: CancelResult;
    try {
      answer = await tellCancel({ monitor: open.monitor, cancel: operation.cancel }, operation.timeoutSeconds);
    } catch (err) {
      const cause = err instanceof Error && err.cause instanceof Error ? err.cause : err;
      answer = { kind: 'refused', reason: cause instanceof Error ? cause.message : String(cause) };
    }
    if (answer.kind === 'ended') return this.endedMeanwhile(open, answer.decision);
    upsertMemo({
      cancel: answer.kind === 'told' ? `the service was told (${answer.httpStatus})` : `the service was not told: ${answer.reason}`,
    });
    return false;
  }

  /** What the service answered about an operation that was to be cancelled. */
  private endedMeanwhile(open: OpenOperation, decision: Extract<CancelResult, { kind: 'ended' }>['decision']): boolean {
    if (decision.kind === 'succeeded') {
      const { outcome, shownLocation, fetches = [] } = decision;
      open.status = outcome.status;
      this.end = { kind: 'succeeded', outcome: withMissing(outcome, fetches, 'cancelled before it was read'), shownLocation };
      return true;
    }
    if (decision.kind === 'failed' && decision.failure.type === 'OperationFailed') {
      this.end = decision;
      return true;
    }
    upsertMemo({ cancel: decision.kind === 'failed' ? decision.failure.message : 'the service was told' });
    return false;
  }

  private result(): OperationResult {
    if (this.end === undefined) throw ApplicationFailure.nonRetryable('no end');
    if (this.end.kind === 'failed') throw this.fail(this.end.failure);
    const { outcome } = this.end;
    this.enter('succeeded');
    const { open, created, submittedAtMs } = this;
    return resultOf(outcome, { monitor: open?.monitor, created, submittedAtMs, polls: open?.polls ?? 0, labels: this.input.labels });
  }

  private fail(failure: FailureDetails): ApplicationFailure {
    const labels = this.prepared === undefined ? undefined : this.input.labels;
    const details = { ...failure, ...(labels && { labels }) };
    this.end = { kind: 'failed', failure: details };
    this.enter(failure.type === 'OperationCanceled' ? 'canceled' : 'failed');
    return ApplicationFailure.create({ type: failure.type, message: failure.message, nonRetryable: true, details: [details] });
  }

  /** Answer of update `accepted`: waits until the service has accepted, or fails as the operation does. */
  async acceptance(): Promise<Acceptance> {
    // Who waits gets the answer of a submit that a cancellation does not cut, and a typed failure where there is none.
    await CancellationScope.nonCancellable(() => condition(() => this.accepted || this.end !== undefined || this.closed));
    if (this.accepted) {
      const outcome = this.end?.kind === 'succeeded' ? this.end.outcome : this.open?.finishing?.outcome;
      const operationId = this.open?.monitor.operationId ?? outcome?.operationId;
      const statusUrl = this.open?.monitor.statusUrl;
      return { ...(operationId !== undefined && { operationId }), ...(statusUrl !== undefined && statusUrl !== '' && { statusUrl }) };
    }
    if (this.end?.kind === 'failed') throw this.fail(this.end.failure);
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
    this.loop?.pollNow('');
  }

  /** Answer of query `progress`. */
  progress(): OperationProgress {
    const { open, submission } = this;
    const iso = (atMs: number | undefined): string | undefined => (atMs === undefined ? undefined : new Date(atMs).toISOString());
    const ended = this.end?.kind === 'succeeded' ? this.end : open?.finishing;
    const location = ended?.shownLocation ?? ended?.outcome.resourceLocation;
    return withoutUndefined({
      phase: this.phase,
      status: open?.status ?? ended?.outcome.status,
      operationId: open?.monitor.operationId ?? ended?.outcome.operationId,
      statusUrl: (open?.monitor.shownUrl ?? open?.monitor.statusUrl) || undefined,
      polls: open?.polls ?? 0,
      lastPollAt: iso(open?.lastPollAtMs),
      nextPollAt: this.phase === 'waiting' ? iso(open?.dueAtMs) : undefined,
      lastProblem: open?.lastProblem ?? submission?.lastProblem,
      resourceLocation: location,
    });
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
    const ended = this.phase === 'succeeded' || this.phase === 'failed' || this.phase === 'canceled';
    const status = ended ? { succeeded: 'Succeeded', failed: 'Failed', canceled: 'Canceled' }[this.phase as 'succeeded'] : progress.status;
    const values = { connection: operation.connection, operationId: progress.operationId, status: status ?? 'Submitting' };
    showSearchAttributes(values, settings.searchAttributes, this.written);
  }
}
