/**
 * The course of one operation from its submit to its end: what an operation alone and each step of a chain have in common.
 *
 * Keeps true:
 * 1. Nothing is submitted twice but by what `submission.ts` says.
 * 2. What is to be remembered is plain JSON, and enough to go on in another run.
 */
import { ApplicationFailure } from '@temporalio/workflow';
import type { AskOptions, CancelResult, PreparedOperation, SubmitBody, SubmitItem } from '../activities/messages';
import type { OperationPhase, OperationProgress, OperationResult } from '../contract';
import type { Accepted, Monitor } from '../lro/monitor';
import { tellCancel } from './calls';
import type { OpenOperation, OperationEnd } from './loop';
import { endedMonitor, OperationLoop, withMissing } from './loop';
import { resultOf, withoutUndefined } from './result';
import type { Submission } from './submission';
import { getAccepted } from './submission';

/** What one run hands to the next. Plain JSON. */
export interface CourseState {
  submittedAtMs?: number;
  created?: { created?: string; createdText?: string };
  submission?: Submission;
  open?: OpenOperation;
  /** `pollNow` came before there was anything to ask. */
  polledNow?: boolean;
}

export interface Undertaking {
  operation: PreparedOperation;
  /** Headers and body of its submit. */
  request: SubmitBody;
  deadlineAtMs?: number;
  /** What operators read on its submit; default: the operation's own. */
  title?: string;
  /** How its answers are kept; default: as of an operation alone. */
  askOptions?: AskOptions;
}

export interface CourseEvents {
  /** Where it stands has changed. */
  entered(phase: OperationPhase): void;
  /** The service has it, before anything else is done. */
  taken(monitor: Monitor): void;
}

/** What came of telling the service to cancel it. */
export interface CancelEnd {
  /** It had ended by itself: `end` says how. */
  ended: boolean;
  /** For the memo. */
  said?: string;
}

export class OperationCourse {
  end: OperationEnd | undefined;
  private phase: OperationPhase = 'submitting';
  private submittedAtMs: number | undefined;
  private submission: Submission | undefined;
  private open: OpenOperation | undefined;
  private created: CourseState['created'];
  private polledNow: boolean;
  private loop: OperationLoop | undefined;

  constructor(
    private readonly undertaking: Undertaking,
    state: CourseState,
    private readonly events: CourseEvents,
  ) {
    this.submittedAtMs = state.submittedAtMs;
    this.created = state.created;
    this.submission = state.submission;
    this.open = state.open;
    this.polledNow = state.polledNow === true;
  }

  /** Whether the service has accepted it. */
  get isAccepted(): boolean {
    return this.open !== undefined || this.end?.kind === 'succeeded';
  }

  /** Nothing is to be sent any more: the request's body need not be carried. */
  get isSubmitted(): boolean {
    return this.submission === undefined;
  }

  /** Runs to its end, or to `undefined` when `pause` says so between two steps. Throws only when it is cancelled. */
  async run(pause: () => boolean): Promise<OperationEnd | undefined> {
    const { operation } = this.undertaking;
    if (this.open === undefined && operation.attach !== undefined) {
      this.enter('waiting');
      this.take(operation.attach, 0, 'first poll');
    }
    if (this.open === undefined && this.end === undefined && !(await this.submit(pause))) return undefined;
    if (this.end === undefined) await this.follow(pause);
    return this.end;
  }

  /** Tells the service, where the input says how. */
  async cancel(): Promise<CancelEnd> {
    if (this.end !== undefined) return { ended: true };
    const { open } = this;
    const { operation } = this.undertaking;
    if (open?.finishing !== undefined) {
      // It has succeeded; only reading its result was cut short.
      const { outcome, shownLocation, fetches } = open.finishing;
      this.end = { kind: 'succeeded', outcome: withMissing(outcome, fetches, CUT_SHORT), shownLocation };
      return { ended: true };
    }
    if (open === undefined) {
      const isUncertain = this.submission?.maybeAccepted === true;
      return { ended: false, ...(isUncertain && { said: 'cancelled while nobody knew whether the service had accepted it' }) };
    }
    if (operation.cancel === undefined) return { ended: false, said: 'the service was not told: the input names no cancel request' };
    this.enter('canceling');
    let answer: CancelResult;
    try {
      answer = await tellCancel({ monitor: open.monitor, cancel: operation.cancel }, operation.timeoutSeconds);
    } catch (err) {
      const cause = err instanceof Error && err.cause instanceof Error ? err.cause : err;
      answer = { kind: 'refused', reason: cause instanceof Error ? cause.message : String(cause) };
    }
    if (answer.kind === 'ended') return this.endedMeanwhile(open, answer.decision);
    const said = answer.kind === 'told' ? `the service was told (${answer.httpStatus})` : `the service was not told: ${answer.reason}`;
    return { ended: false, said };
  }

  pollNow(): void {
    this.polledNow = true;
    this.loop?.pollNow('');
  }

  /** What another run needs to go on. */
  state(): CourseState {
    return {
      submittedAtMs: this.submittedAtMs,
      created: this.created,
      submission: this.submission,
      open: this.loop?.operations()[0],
      ...(this.polledNow && this.loop === undefined ? { polledNow: true } : {}),
    };
  }

  /** Of an operation that has succeeded. */
  result(labels?: Record<string, string>): OperationResult {
    if (this.end?.kind !== 'succeeded') throw ApplicationFailure.nonRetryable('no result');
    const { open, created, submittedAtMs } = this;
    return resultOf(this.end.outcome, { monitor: open?.monitor, created, submittedAtMs, polls: open?.polls ?? 0, labels });
  }

  /** What the service calls it, as far as it is known. */
  acceptance(): { operationId?: string; statusUrl?: string } {
    const outcome = this.end?.kind === 'succeeded' ? this.end.outcome : this.open?.finishing?.outcome;
    const operationId = this.open?.monitor.operationId ?? outcome?.operationId;
    const statusUrl = this.open?.monitor.statusUrl;
    return { ...(operationId !== undefined && { operationId }), ...(statusUrl !== undefined && statusUrl !== '' && { statusUrl }) };
  }

  /** Where it stands. */
  progress(): Omit<OperationProgress, 'phase'> {
    const { open, submission } = this;
    const iso = (atMs: number | undefined): string | undefined => (atMs === undefined ? undefined : new Date(atMs).toISOString());
    const ended = this.end?.kind === 'succeeded' ? this.end : open?.finishing;
    return withoutUndefined({
      status: open?.status ?? ended?.outcome.status,
      operationId: open?.monitor.operationId ?? ended?.outcome.operationId,
      statusUrl: (open?.monitor.shownUrl ?? open?.monitor.statusUrl) || undefined,
      polls: open?.polls ?? 0,
      lastPollAt: iso(open?.lastPollAtMs),
      nextPollAt: this.phase === 'waiting' ? iso(open?.dueAtMs) : undefined,
      lastProblem: open?.lastProblem ?? submission?.lastProblem,
      resourceLocation: ended?.shownLocation ?? ended?.outcome.resourceLocation,
    });
  }

  /** @returns false when it was paused between two tries */
  private async submit(pause: () => boolean): Promise<boolean> {
    const { operation, deadlineAtMs, title = operation.title } = this.undertaking;
    if (operation.submit === undefined) throw ApplicationFailure.nonRetryable('prepared without a submit');
    this.enter('submitting');
    this.submittedAtMs ??= Date.now();
    this.submission ??= {
      item: this.submitItem(operation.submit),
      title,
      timeoutSeconds: operation.timeoutSeconds,
      streamsFile: operation.submit.streamsFile,
      deadlineAtMs,
    };
    const answer = await getAccepted(this.submission, () => this.enter(this.phase), pause);
    switch (answer.kind) {
      case 'paused':
        return false;
      case 'accepted':
        this.created = { created: answer.created, createdText: answer.createdText };
        this.take(answer.monitor, answer.waitSeconds, answer.why, answer);
        return true;
      case 'succeeded': {
        const { outcome, shownLocation, fetches = [] } = answer;
        if (fetches.length === 0) {
          this.end = { kind: 'succeeded', outcome, shownLocation };
        } else {
          this.open = {
            ...this.opened(endedMonitor(operation.connection, outcome), 0, ''),
            finishing: { outcome, shownLocation, fetches },
          };
        }
        return true;
      }
      case 'failed':
        this.end = answer;
        return true;
    }
  }

  private submitItem(submit: NonNullable<PreparedOperation['submit']>): SubmitItem {
    const { operation, request, askOptions } = this.undertaking;
    const { headers, body, bodyFile } = request;
    const { maxKeptBytes } = askOptions ?? {};
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
      ...(maxKeptBytes === undefined ? {} : { maxKeptBytes }),
    };
  }

  private take(monitor: Monitor, waitSeconds: number, why: string, answer?: Accepted): void {
    this.open = this.opened(monitor, waitSeconds, why);
    if (answer?.status !== undefined) this.open.status = answer.status;
    this.open.lastProblem = this.submission?.lastProblem;
    this.submission = undefined;
    this.events.taken(monitor);
    this.enter('waiting');
  }

  private opened(monitor: Monitor, waitSeconds: number, why: string): OpenOperation {
    const { operation, deadlineAtMs } = this.undertaking;
    return {
      id: '',
      monitor,
      polls: 0,
      dueAtMs: Date.now() + waitSeconds * 1000,
      why,
      deadlineAtMs,
      minSeconds: operation.minSeconds,
      timeoutSeconds: operation.timeoutSeconds,
    };
  }

  private async follow(pause: () => boolean): Promise<void> {
    if (this.open === undefined) return;
    const events = {
      changed: (operation: OpenOperation) => {
        this.enter(operation.asking === true ? 'asking' : operation.finishing === undefined ? 'waiting' : 'fetching');
      },
      ended: (_: OpenOperation, end: OperationEnd) => {
        this.end = end;
      },
    };
    this.loop = new OperationLoop([this.open], events, this.undertaking.askOptions);
    if (this.polledNow) this.loop.pollNow('');
    await this.loop.run(pause);
  }

  /** What the service answered about an operation that was to be cancelled. */
  private endedMeanwhile(open: OpenOperation, decision: Extract<CancelResult, { kind: 'ended' }>['decision']): CancelEnd {
    if (decision.kind === 'succeeded') {
      const { outcome, shownLocation, fetches = [] } = decision;
      open.status = outcome.status;
      this.end = { kind: 'succeeded', outcome: withMissing(outcome, fetches, CUT_SHORT), shownLocation };
      return { ended: true };
    }
    if (decision.kind === 'failed' && decision.failure.type === 'OperationFailed') {
      this.end = decision;
      return { ended: true };
    }
    return { ended: false, said: decision.kind === 'failed' ? decision.failure.message : 'the service was told' };
  }

  private enter(phase: OperationPhase): void {
    this.phase = phase;
    this.events.entered(phase);
  }
}

const CUT_SHORT = 'cancelled before it was read';
