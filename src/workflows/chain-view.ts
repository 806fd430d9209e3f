/** What callers and operators see of a chain: query `progress`, memo, search attributes, current details. */
import { upsertMemo } from '@temporalio/workflow';
import type { ApplicationFailure } from '@temporalio/workflow';
import type { PreparedChain } from '../activities/messages';
import type { BuildTilesetInput, ChainInput, ChainPhase, ChainProgress, FailureDetails, StepProgress } from '../contract';
import type { Job } from '../jobs/model';
import { troubleOf } from '../jobs/problem';
import { phaseOf, progressOf } from '../jobs/progress';
import type { Engine } from './engine/engine';
import { refusalIn, typedFailure } from './failures';
import { chainTitle } from '../identity/titles';
import type { ChainKind } from '../jobs/resume';
import { SearchAttributes, type CarriedAttributes } from './search-attributes';
import { ENDED_STATUS, showChain, standing } from './show';

export class ChainView {
  private attributes: SearchAttributes | undefined;
  private engine: Engine | undefined;
  private prepared: PreparedChain | undefined;
  /** The chain's job as it was last seen. */
  private last: Job | undefined;
  private phase: ChainPhase = 'validating';
  /** Steps that the memo knows: the one that was accepted last, and how many are done. */
  private noted: { step?: string; done: number } = { done: 0 };

  private isHurried = false;

  /** Why it failed. */
  private failure: FailureDetails | undefined;

  constructor(
    private readonly kind: ChainKind,
    private readonly input: ChainInput | BuildTilesetInput,
  ) {
    this.show();
  }

  /** The chain is right: from now on `engine` knows where it stands. */
  open(engine: Engine, prepared: PreparedChain, written?: Record<string, string>): void {
    this.attributes = new SearchAttributes(prepared.settings, written);
    Object.assign(this, { engine, prepared });
    this.noted.done = this.job?.done?.length ?? 0;
    if (this.isHurried) engine.hurry();
    this.changed('running');
  }

  /** Of the step at which it stands, as a worker's file knows it, once the chain was found right. */
  get connection(): string | undefined {
    return this.job?.about?.connection;
  }

  /** What the next run needs of what was shown. */
  carried(): Promise<CarriedAttributes> {
    return SearchAttributes.carried(this.attributes);
  }

  /** Waits until all is shown. */
  async settled(): Promise<void> {
    await this.attributes?.settled();
  }

  /** Something about the chain may have changed. */
  changed(phase: ChainPhase = this.phase): void {
    this.phase = this.job?.step.at === 'cleanup' ? 'cleaningUp' : phase;
    this.note();
    this.show();
  }

  /** It has ended. */
  end(job: Job, phase: ChainPhase): void {
    this.last = job;
    this.phase = phase;
    this.note();
    this.show();
  }

  /** The failure it ends with. */
  fail(job: Job, phase: ChainPhase, failure: FailureDetails): ApplicationFailure {
    this.failure = failure;
    this.end(job, phase);
    return typedFailure(failure);
  }

  /** The failure of an input that was refused. @throws cancellations as they are */
  refused(err: unknown): ApplicationFailure {
    const failure = refusalIn(err);
    this.failure = failure;
    this.phase = 'failed';
    this.show();
    return typedFailure(failure);
  }

  pollNow(): void {
    this.isHurried = true;
    this.engine?.hurry();
  }

  /** Answer of query `progress`. */
  progress(): ChainProgress {
    const current = this.job;
    return {
      phase: this.phase,
      step: this.hasEnded ? undefined : current?.about?.step?.id,
      steps:
        this.prepared?.steps.map(({ id, title }) => ({ id, title, ...this.standingOf(id, current), failure: this.failureOf(id) })) ?? [],
    };
  }

  /** Why a step failed: its own failure, as it would have ended as an operation of its own. */
  private failureOf(id: string): StepProgress['failure'] {
    const { failure } = this;
    if (failure?.step !== id) return undefined;
    const { type, message } = failure.cause ?? failure;
    return { type, message };
  }

  private get job(): Job | undefined {
    const [job] = this.engine?.jobs() ?? [];
    if (job !== undefined) this.last = job;
    return this.last;
  }

  /** Whether nothing more will be submitted or asked. */
  private get hasEnded(): boolean {
    return this.last?.step.at === 'cleanup' || ENDED_STATUS[this.phase] !== undefined;
  }

  private standingOf(id: string, job: Job | undefined): Omit<StepProgress, 'id' | 'title'> {
    const done = job?.done?.find((step) => step.id === id);
    if (done !== undefined) {
      const { status, operationId, polls, resourceLocation } = done.result;
      return { phase: 'succeeded', status, polls, operationId, resourceLocation: done.shownLocation ?? resourceLocation };
    }
    if (job !== undefined && job.about?.step?.id === id) {
      const ended = this.phase === 'canceled' ? 'canceled' : 'failed';
      const phase = this.hasEnded && job.step.at !== 'cleanup' ? ended : phaseOf(job, this.engine?.isBusy(job) === true);
      return progressOf(job, phase);
    }
    const given = job?.about?.given;
    if (given === undefined || !Object.hasOwn(given, id)) return { phase: 'notStarted', polls: 0 };
    return { phase: 'given', polls: 0, resourceLocation: given[id]?.resourceLocation };
  }

  /** What it has at the service stands in the memo, whatever becomes of this workflow. */
  private note(): void {
    const { step, about, done = [] } = this.job ?? {};
    const id = about?.step?.id;
    if (step?.at === 'poll' && this.noted.step !== id) {
      this.noted.step = id;
      const { operationId = null, shownUrl, statusUrl } = step.monitor;
      upsertMemo({ step: id, operationId, statusUrl: shownUrl ?? statusUrl });
    }
    if (done.length === this.noted.done) return;
    this.noted.done = done.length;
    upsertMemo({ made: Object.fromEntries(done.map(({ id: name, result }) => [name, result.resourceId ?? result.operationId ?? ''])) });
  }

  private show(): void {
    const { prepared, failure } = this;
    const progress = this.progress();
    const labels = prepared === undefined ? undefined : this.input.labels;
    const refusal = prepared === undefined ? failure : undefined;
    showChain(progress, chainTitle(this.kind, this.input), { labels, docsUrl: prepared?.settings.docsUrl, refusal });
    if (prepared === undefined) return;
    const step = progress.steps.find(({ id }) => id === progress.step);
    const values = {
      connection: this.job?.about?.connection,
      operationId: step?.operationId,
      status: ENDED_STATUS[this.phase] ?? step?.status ?? standing(this.job),
      trouble: this.job === undefined || this.hasEnded ? undefined : troubleOf(this.job),
    };
    this.attributes?.show(values);
  }
}
