/**
 * Workflows `runChain` and `buildTileset`: operations one after the other, each of what the ones before it have made.
 *
 * Keeps true:
 * 1. Handlers are registered before anything else; nothing is submitted before the whole chain was found right.
 * 2. A step is submitted only after all before it have succeeded, and what was made once is not made again by a new run that `resumeFrom` starts.
 * 3. It ends with a result, with a typed failure, or as cancelled; its memo says what it has made.
 * 4. Only what this run has made is ever deleted.
 */
import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  defineQuery,
  defineSignal,
  isCancellation,
  makeContinueAsNewFunc,
  setHandler,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';
import type { PreparedChain, PreparedStep, ReadyStep } from '../../activities/messages';
import { resumeFrom, type ChainKind } from '../../chains/resume';
import type {
  BuildTilesetInput,
  BuildTilesetResult,
  ChainInput,
  ChainPhase,
  ChainProgress,
  ChainResult,
  CleanedResource,
  FailureDetails,
  OperationPhase,
  OperationProgress,
  StepMade,
  StepResult,
} from '../../contract';
import { CANCELED_MEMO, MAX_KEPT_STEP_BYTES, POLL_NOW_SIGNAL, PROGRESS_QUERY } from '../../contract';
import { failureIn } from '../calls';
import { OperationCourse, type CourseState } from '../course';
import { shouldContinueAsNew } from '../history';
import { ENDED_STATUS, showSearchAttributes } from '../show';
import { deleteResources, prepareChain, prepareStep } from './calls';
import { afterCleanup, chainResult, madeBy, stepFailed, toDelete } from './ends';
import { showChain } from './show';

const progressQuery = defineQuery<ChainProgress>(PROGRESS_QUERY);
const pollNowSignal = defineSignal(POLL_NOW_SIGNAL);

/** What one run hands to the next. Plain JSON. */
export interface CarriedChain {
  chain: PreparedChain;
  written: Record<string, string>;
  startedAtMs: number;
  deadlineAtMs?: number;
  done: StepResult[];
  /** Of the done ones: their resource locations, with signatures masked. */
  shownLocations: Record<string, string>;
  /** The step that is under way. */
  under?: ReadyStep & { state: CourseState };
}

/** @throws ApplicationFailure as the contract says */
export function runChain(input: ChainInput, carried?: CarriedChain): Promise<ChainResult> {
  return run('chain', input, carried);
}

/** @throws ApplicationFailure as the contract says */
export async function buildTileset(input: BuildTilesetInput, carried?: CarriedChain): Promise<BuildTilesetResult> {
  return (await run('tileset', input, carried)) as BuildTilesetResult;
}

function run(kind: ChainKind, input: ChainInput | BuildTilesetInput, carried: CarriedChain | undefined): Promise<ChainResult> {
  // Only a run of our own continues with what the one before carried; whatever else a caller adds is not an input.
  const chain = new ChainRun(kind, input, workflowInfo().continuedFromExecutionRunId === undefined ? undefined : carried);
  setHandler(progressQuery, () => chain.progress());
  setHandler(pollNowSignal, () => chain.pollNow());
  return chain.toItsEnd();
}

/** The step that is under way. */
interface Under {
  prepared: PreparedStep;
  ready: ReadyStep;
  course: OperationCourse;
  phase: OperationPhase;
}

class ChainRun {
  private phase: ChainPhase = 'validating';
  private chain: PreparedChain | undefined;
  private under: Under | undefined;
  /** Where it stood at its end: of the step that failed. */
  private last: { id: string; progress: Omit<OperationProgress, 'phase'>; phase: OperationPhase } | undefined;
  private readonly done: StepResult[];
  private readonly shownLocations: Record<string, string>;
  private readonly written: Record<string, string>;
  private readonly startedAtMs: number;
  private deadlineAtMs: number | undefined;
  /** The step that was under way when this run began. */
  private carried: CarriedChain['under'];

  constructor(
    private readonly kind: ChainKind,
    private readonly input: ChainInput | BuildTilesetInput,
    carried: CarriedChain | undefined,
  ) {
    this.chain = carried?.chain;
    this.carried = carried?.under;
    this.done = carried?.done ?? [];
    this.shownLocations = carried?.shownLocations ?? {};
    this.written = carried?.written ?? {};
    this.startedAtMs = carried?.startedAtMs ?? workflowInfo().startTime.getTime();
    this.deadlineAtMs = carried?.deadlineAtMs;
  }

  /** The story. */
  async toItsEnd(): Promise<ChainResult> {
    try {
      const chain = (this.chain ??= await this.prepare());
      this.enter('running');
      for (const step of chain.steps) if (!this.isMade(step.id)) await this.runStep(chain, step);
    } catch (err) {
      if (!isCancellation(err)) throw err;
      await CancellationScope.nonCancellable(() => this.cancel(err));
    }
    this.enter('succeeded');
    return chainResult(this.done, this.made(), this.startedAtMs, this.input.labels);
  }

  /** Answer of query `progress`. */
  progress(): ChainProgress {
    const steps = this.chain?.steps ?? [];
    const { phase, under } = this;
    return {
      phase,
      ...(under === undefined ? {} : { step: under.prepared.id }),
      steps: steps.map(({ id, title }) => ({ id, title, ...this.standingOf(id) })),
    };
  }

  pollNow(): void {
    this.under?.course.pollNow();
  }

  private async prepare(): Promise<PreparedChain> {
    try {
      const chain = await prepareChain({ kind: this.kind, input: this.input });
      const { deadlineSeconds } = chain;
      this.deadlineAtMs = deadlineSeconds > 0 ? this.startedAtMs + deadlineSeconds * 1000 : undefined;
      return chain;
    } catch (err) {
      const details = failureIn(err);
      if (details === undefined) throw err;
      this.phase = 'failed';
      throw typedFailure(details);
    }
  }

  /** One step, to its success. Throws when it fails or is cancelled. */
  private async runStep(chain: PreparedChain, step: PreparedStep): Promise<void> {
    const pause = (): boolean => shouldContinueAsNew(chain.settings);
    const { carried } = this;
    this.carried = undefined;
    if (carried === undefined && pause()) return this.continueAsNew(chain);
    let ready: ReadyStep;
    try {
      ready = carried ?? (await this.ready(step));
    } catch (err) {
      const details = failureIn(err);
      if (details === undefined) throw err;
      return this.fail(chain, step, details);
    }
    const under = this.begin(step, ready, carried?.state ?? {});
    const end = await under.course.run(pause);
    if (end === undefined) return this.continueAsNew(chain);
    await this.ended(chain, under);
  }

  private ready(prepared: PreparedStep): Promise<ReadyStep> {
    const { workflowId, firstExecutionRunId, runId } = workflowInfo();
    const identity = { workflowId, firstRunId: firstExecutionRunId || runId, itemId: '', generation: 0 };
    return prepareStep({ prepared, made: this.made(), identity });
  }

  private begin(prepared: PreparedStep, ready: ReadyStep, state: CourseState): Under {
    const { deadlineAtMs } = this;
    const undertaking = {
      ...ready,
      deadlineAtMs,
      title: `${prepared.id}: ${ready.operation.title}`,
      askOptions: { maxKeptBytes: MAX_KEPT_STEP_BYTES },
    };
    const course = new OperationCourse(undertaking, state, {
      entered: (phase) => {
        if (this.under !== undefined) this.under.phase = phase;
        this.show();
      },
      // From here on the memo says so, whatever becomes of this workflow.
      taken: ({ operationId, shownUrl, statusUrl }) =>
        upsertMemo({ step: prepared.id, operationId: operationId ?? null, statusUrl: shownUrl ?? statusUrl }),
    });
    return (this.under = { prepared, ready, course, phase: 'submitting' });
  }

  /** Takes up what a step has come to. Throws when it failed. */
  private async ended(chain: PreparedChain, { prepared, course }: Under): Promise<void> {
    const { end } = course;
    if (end?.kind === 'failed') return this.fail(chain, prepared, end.failure);
    this.done.push({ id: prepared.id, ...course.result() });
    const { resourceLocation } = course.progress();
    if (resourceLocation !== undefined) this.shownLocations[prepared.id] = resourceLocation;
    this.under = undefined;
    upsertMemo({ made: this.shownMade() });
    this.show();
  }

  /** @throws ApplicationFailure `StepFailed` */
  private async fail(chain: PreparedChain, step: PreparedStep, failure: FailureDetails): Promise<never> {
    this.remember(step, failure.type === 'OperationCanceled' ? 'canceled' : 'failed');
    const details = stepFailed(step.id, step.title, failure, this.made());
    const end = await CancellationScope.nonCancellable(() => this.cleanUp(chain, details));
    this.enter('failed');
    throw typedFailure(end);
  }

  /** Ends as cancelled, unless the last step had ended by itself. */
  private async cancel(err: unknown): Promise<void> {
    const { chain, under } = this;
    if (chain === undefined) {
      this.enter('canceled');
      throw err;
    }
    if (under !== undefined) {
      this.enter('canceling');
      const { ended, said } = await under.course.cancel();
      if (said !== undefined) upsertMemo({ cancel: said });
      if (ended) await this.ended(chain, under);
      else this.remember(under.prepared, 'canceled');
    }
    const next = chain.steps.find(({ id }) => !this.isMade(id));
    if (next === undefined) return;
    const made = this.made();
    const message = `cancelled at step "${next.id}" (${next.title})`;
    const details = await this.cleanUp(chain, { type: 'OperationCanceled', message, step: next.id, made });
    this.enter('canceled');
    // A workflow that ends as cancelled can say nothing else.
    upsertMemo({ [CANCELED_MEMO]: isSmall(details) ? details : { ...details, resumeFrom: undefined, made: undefined } });
    throw new CancelledFailure(details.message, [details]);
  }

  /** After a failure or a cancellation: deletes what this run has made, where its input says so, and says where a new run goes on. */
  private async cleanUp(chain: PreparedChain, failure: FailureDetails): Promise<FailureDetails> {
    const { kind, input } = this;
    let cleaned: CleanedResource[] = [];
    if (chain.cleanup === 'onFailure') {
      const requests = toDelete(this.done, (id) => chain.steps.find((step) => step.id === id)?.step.connection ?? '');
      if (requests.length > 0) {
        this.enter('cleaningUp');
        cleaned = await deleteResources(requests);
        upsertMemo({ cleanup: cleaned });
      }
    }
    const end = afterCleanup(failure, cleaned, chain.given);
    const { labels } = input;
    return { ...end, resumeFrom: resumeFrom(kind, input, end), ...(labels && { labels }) };
  }

  private async continueAsNew(chain: PreparedChain): Promise<never> {
    const { under, kind, written, startedAtMs, deadlineAtMs, done } = this;
    const carried: CarriedChain = {
      chain,
      written,
      startedAtMs,
      deadlineAtMs,
      done,
      shownLocations: this.shownLocations,
      ...(under === undefined ? {} : { under: { ...under.ready, state: under.course.state() } }),
    };
    // Temporal hands on the memo that the workflow was started with, not what it wrote since.
    const { memo } = workflowInfo();
    if (kind === 'chain') return await makeContinueAsNewFunc<typeof runChain>({ memo })(this.input as ChainInput, carried);
    return await makeContinueAsNewFunc<typeof buildTileset>({ memo })(this.input, carried);
  }

  private isMade(id: string): boolean {
    return ownOf(this.chain?.given, id) !== undefined || this.done.some((step) => step.id === id);
  }

  /** What there is: given to this run, or made by it. */
  private made(): Record<string, StepMade> {
    const { given = {}, bodiesNeeded = [] } = this.chain ?? {};
    return { ...given, ...Object.fromEntries(this.done.map((step) => [step.id, madeBy(step, bodiesNeeded.includes(step.id))])) };
  }

  private shownMade(): Record<string, string> {
    return Object.fromEntries(this.done.map(({ id, resourceId, operationId }) => [id, resourceId ?? operationId ?? '']));
  }

  private remember({ id }: PreparedStep, phase: OperationPhase): void {
    this.last = { id, phase, progress: this.under?.course.progress() ?? { polls: 0 } };
    this.under = undefined;
  }

  private standingOf(id: string): Omit<ChainProgress['steps'][number], 'id' | 'title'> {
    const { under, last } = this;
    if (under?.prepared.id === id) return { ...under.course.progress(), phase: under.phase };
    if (last?.id === id) return { ...last.progress, phase: last.phase };
    const done = this.done.find((step) => step.id === id);
    if (done !== undefined) {
      const { status, operationId, polls } = done;
      const resourceLocation = ownOf(this.shownLocations, id);
      return {
        phase: 'succeeded',
        status,
        polls,
        ...(operationId === undefined ? {} : { operationId }),
        ...(resourceLocation === undefined ? {} : { resourceLocation }),
      };
    }
    const given = ownOf(this.chain?.given, id);
    if (given === undefined) return { phase: 'notStarted', polls: 0 };
    return { phase: 'given', polls: 0, ...(given.resourceLocation === undefined ? {} : { resourceLocation: given.resourceLocation }) };
  }

  private enter(phase: ChainPhase): void {
    this.phase = phase;
    this.show();
  }

  private show(): void {
    if (this.chain === undefined) return;
    const progress = this.progress();
    showChain(progress, this.input.labels);
    const step = progress.steps.find(({ id }) => id === progress.step);
    const values = {
      connection: this.under?.prepared.step.connection ?? this.chain.steps[0]?.step.connection,
      operationId: step?.operationId,
      status: ENDED_STATUS[this.phase] ?? step?.status ?? 'Submitting',
    };
    showSearchAttributes(values, this.chain.settings.searchAttributes, this.written);
  }
}

/** Callers choose the ids of steps: `constructor` is one, and every object has that by inheritance. */
function ownOf<T>(byId: Readonly<Record<string, T>> | undefined, id: string): T | undefined {
  return byId !== undefined && Object.hasOwn(byId, id) ? byId[id] : undefined;
}

/** A memo stands in every list of workflows. */
function isSmall(details: FailureDetails): boolean {
  return JSON.stringify(details).length <= 16_384;
}

function typedFailure(details: FailureDetails): ApplicationFailure {
  return ApplicationFailure.create({ type: details.type, message: details.message, nonRetryable: true, details: [details] });
}
