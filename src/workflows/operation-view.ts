/**
 * What callers and operators see of one operation: query `progress`, update `accepted`, memo, search attributes, current details.
 *
 * Keeps true: an update `accepted` gets the answer of a submit that a cancellation does not cut, and a typed failure where there is none.
 */
import { CancellationScope, condition, upsertMemo } from '@temporalio/workflow';
import type { ApplicationFailure } from '@temporalio/workflow';
import type { Prepared } from '../activities/messages';
import type { Acceptance, FailureDetails, OperationInput, OperationPhase, OperationProgress } from '../contract';
import type { Job } from '../jobs/model';
import { troubleOf } from '../jobs/problem';
import { phaseOf, progressOf } from '../jobs/progress';
import { operationTitle } from '../identity/id-conflict';
import type { Engine } from './engine/engine';
import { refusalIn, typedFailure } from './failures';
import { SearchAttributes, type CarriedAttributes } from './search-attributes';
import { ENDED_STATUS, showProgress, standing } from './show';

export class OperationView {
  private attributes: SearchAttributes | undefined;
  private engine: Engine | undefined;
  private prepared: Pick<Prepared, 'about' | 'settings' | 'inputDigest'> | undefined;
  /** The job as it was last seen. */
  private last: Job | undefined;
  /** Instead of what the job says. */
  private phase: OperationPhase | undefined = 'validating';
  private failure: FailureDetails | undefined;
  private isClosed = false;
  private isHurried = false;
  private isNoted = false;
  /** Of the memo: written with what is known at the acceptance. */
  private beside: Record<string, string | undefined> = {};
  private tracker: string | undefined;

  constructor(private readonly input: OperationInput) {
    this.show();
  }

  /** The input is right: from now on `engine` knows where the operation stands. */
  open(engine: Engine, prepared: Pick<Prepared, 'about' | 'settings' | 'inputDigest'>, written?: Record<string, string>): void {
    this.attributes = new SearchAttributes(prepared.settings, written);
    Object.assign(this, { engine, prepared, phase: undefined });
    if (this.isHurried) engine.hurry();
    this.changed();
  }

  /** What else is to stand in the memo from its acceptance on. */
  noteWith(beside: Record<string, string | undefined>): void {
    this.beside = beside;
  }

  /** A tracker polls it from now on. */
  handOver(job: Job, tracker: string | undefined): void {
    Object.assign(this, { engine: undefined, last: job, tracker });
    this.changed();
  }

  /** The workflow itself goes on with it. */
  takeBack(engine: Engine | undefined): void {
    Object.assign(this, { engine, tracker: undefined });
  }

  /** Of its input, once that was found right. */
  get inputDigest(): string | undefined {
    return this.prepared?.inputDigest;
  }

  /** As a worker's file knows it, once the input was found right. */
  get connection(): string | undefined {
    return this.prepared?.about.connection;
  }

  /** What the next run needs of what was shown. Not to be cut by a cancellation. */
  carried(): Promise<CarriedAttributes> {
    return SearchAttributes.carried(this.attributes);
  }

  /** Waits until all is shown. */
  async settled(): Promise<void> {
    await this.attributes?.settled();
  }

  /** Something about the operation may have changed. */
  changed(phase: OperationPhase | undefined = this.phase): void {
    this.phase = phase;
    this.note();
    this.show();
  }

  /** It has ended. */
  end(job: Job, phase: OperationPhase): void {
    this.last = job;
    this.changed(phase);
  }

  /** The failure it ends with. */
  fail(failure: FailureDetails | undefined, job?: Job): ApplicationFailure {
    const labels = this.prepared === undefined ? undefined : this.input.labels;
    const details: FailureDetails = { ...(failure ?? { type: 'ProtocolError', message: 'it ended for no reason that is known' }), labels };
    this.failure = details;
    this.last = job ?? this.last;
    this.changed(details.type === 'OperationCanceled' ? 'canceled' : 'failed');
    return typedFailure(details);
  }

  /** The failure of an input that was refused. @throws cancellations as they are */
  refused(err: unknown): ApplicationFailure {
    return this.fail(refusalIn(err));
  }

  /** The workflow ends without a result. */
  close(isCanceled: boolean): void {
    this.isClosed = true;
    if (isCanceled) this.changed('canceled');
  }

  pollNow(): void {
    this.isHurried = true;
    this.engine?.hurry();
  }

  /** Answer of query `progress`. */
  progress(): OperationProgress {
    const { job, failure } = this;
    const known: OperationProgress = job === undefined ? unknownProgress(this.phase) : this.progressOf(job);
    return failure === undefined || known.phase !== 'failed'
      ? known
      : { ...known, failure: { type: failure.type, message: failure.message } };
  }

  /** Answer of update `accepted`: waits until the service has accepted, or fails as the operation does. */
  async acceptance(): Promise<Acceptance> {
    await CancellationScope.nonCancellable(() => condition(() => this.isAccepted || this.failure !== undefined || this.isClosed));
    if (this.isAccepted) {
      const { step } = this.job ?? {};
      const { monitor } = step?.at === 'poll' || step?.at === 'fetch' ? step : {};
      return { operationId: this.progress().operationId, statusUrl: monitor?.statusUrl };
    }
    const message = 'the workflow was cancelled before the service had accepted the operation';
    throw typedFailure(this.failure ?? { type: 'OperationCanceled', message });
  }

  private progressOf(job: Job): OperationProgress {
    const progress = progressOf(job, this.phase ?? phaseOf(job, this.engine?.isBusy(job) === true));
    // When it is polled next its tracker knows.
    return this.tracker === undefined ? progress : { ...progress, nextPollAt: undefined, tracker: this.tracker };
  }

  private get job(): Job | undefined {
    const [job] = this.engine?.jobs() ?? [];
    if (job !== undefined) this.last = job;
    return this.last;
  }

  private get isAccepted(): boolean {
    const at = this.job?.step.at;
    return at === 'poll' || at === 'fetch';
  }

  /** From its acceptance on the memo says so, whatever becomes of this workflow. */
  private note(): void {
    const step = this.job?.step;
    if (this.isNoted || step?.at !== 'poll') return;
    this.isNoted = true;
    const { operationId = null, shownUrl, statusUrl } = step.monitor;
    upsertMemo({ ...this.beside, operationId, statusUrl: shownUrl ?? statusUrl });
  }

  private show(): void {
    const { prepared, job } = this;
    const progress = this.progress();
    const labels = prepared === undefined ? undefined : this.input.labels;
    showProgress(prepared?.about.title ?? titleOf(this.input), progress, { labels, docsUrl: prepared?.settings.docsUrl });
    if (prepared === undefined) return;
    const { about } = prepared;
    const hasEnded = ENDED_STATUS[progress.phase] !== undefined;
    const values = {
      connection: about.connection,
      operationId: progress.operationId,
      status: ENDED_STATUS[progress.phase] ?? progress.status ?? standing(job),
      trouble: job === undefined || hasEnded ? undefined : troubleOf(job),
    };
    this.attributes?.show(values);
  }
}

/** Of an input that nobody has checked yet: who starts it in another way than our client does has given it no summary. */
function titleOf(input: unknown): string {
  return typeof input === 'object' && input !== null ? operationTitle(input) : 'operation';
}

/** Of an operation whose input nobody has found right yet. */
function unknownProgress(phase: OperationPhase = 'validating'): OperationProgress {
  return { phase, polls: 0, attempt: phase === 'submitting' ? 1 : undefined };
}
