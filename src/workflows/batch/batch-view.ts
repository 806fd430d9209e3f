/** What callers and operators see of a batch: query `progress`, search attributes, current details. */
import type { PreparedBatch } from '../../activities/batch/messages';
import type { BatchCounts, BatchInput, BatchPhase, BatchProgress, FailureDetails, Problem, TroubleKind } from '../../contract';
import { batchTitle } from '../../identity/titles';
import { SearchAttributes } from '../search-attributes';
import { ENDED_STATUS } from '../show';
import { showBatch } from './show';
import { endedOf, firstOf, knownOf, noTally, sumOf, type Tally } from './tally';
import { considerableTrouble, sumOfTroubled } from './trouble';

/** Problems that are shown. */
const MAX_PROBLEMS = 5;

export class BatchView {
  phase: BatchPhase = 'validating';
  readonly startedAtMs = Date.now();
  private prepared: PreparedBatch | undefined;
  private tallies: Tally[] = [];
  private readonly problems: Problem[] = [];
  private attributes: SearchAttributes | undefined;
  private trouble: TroubleKind | undefined;
  /** Why it ended before it began. */
  private refusal: FailureDetails | undefined;

  constructor(private readonly input: unknown) {
    this.show();
  }

  /** The batch is right, and is about to start its shards. */
  open(prepared: PreparedBatch, phase: BatchPhase): void {
    this.prepared = prepared;
    this.attributes = new SearchAttributes(prepared.settings);
    this.tallies = prepared.shards.map(noTally);
    this.enter(phase);
  }

  /** Waits until all is shown. */
  async settled(): Promise<void> {
    await this.attributes?.settled();
  }

  /** It ends before it has begun. */
  refuse(phase: BatchPhase, refusal: FailureDetails): void {
    this.refusal = refusal;
    this.enter(phase);
  }

  enter(phase: BatchPhase): void {
    this.phase = phase;
    this.show();
  }

  /** What a shard has come to. */
  take(shard: number, tally: Tally): void {
    if (!Number.isInteger(shard) || shard < 0 || shard >= this.tallies.length) return;
    this.tallies[shard] = knownOf(tally);
    if (tally.lastProblem !== undefined) this.note(tally.lastProblem);
    this.show();
  }

  note(problem: Problem): void {
    if (this.problems.some(({ message }) => message === problem.message)) return;
    this.problems.unshift(problem);
    this.problems.splice(MAX_PROBLEMS);
  }

  /** What the shards have come to. */
  all(): readonly Tally[] {
    return this.tallies;
  }

  counts(): BatchCounts {
    return { ...sumOf(this.tallies.map(({ counts }) => counts)), total: this.prepared?.total ?? 0 };
  }

  /** Answer of query `progress`. */
  progress(): BatchProgress {
    const counts = this.counts();
    const ended = endedOf(counts);
    const seconds = (Date.now() - this.startedAtMs) / 1000;
    const itemsPerSecond = seconds > 0 ? ended / seconds : 0;
    const left = counts.total - ended;
    return {
      phase: this.phase,
      counts,
      submitted: this.tallies.reduce((sum, { submitted }) => sum + submitted, 0),
      running: this.tallies.reduce((sum, { running }) => sum + running, 0),
      itemsPerSecond,
      etaSeconds: itemsPerSecond > 0 && left > 0 ? Math.ceil(left / itemsPerSecond) : undefined,
      startedAt: new Date(this.startedAtMs).toISOString(),
      shards: this.tallies.length,
      lastProblems: this.problems,
      report: this.prepared?.report?.report,
    };
  }

  private show(): void {
    const { prepared, refusal } = this;
    const hasEnded = ENDED_STATUS[this.phase] !== undefined;
    const troubled = sumOfTroubled(this.tallies.map((tally) => tally.troubled));
    this.trouble = hasEnded ? undefined : considerableTrouble(troubled, this.trouble);
    const firstFailures = firstOf(this.tallies.flatMap((tally) => tally.firstFailures));
    const docsUrl = prepared?.settings.docsUrl;
    showBatch(titleOf(this.input), this.progress(), {
      refusal,
      firstFailures,
      docsUrl,
      troubled: hasEnded ? undefined : troubled,
      trouble: this.trouble,
    });
    if (prepared === undefined) return;
    this.attributes?.show({ connection: prepared.connection, status: ENDED_STATUS[this.phase] ?? 'Running', trouble: this.trouble });
  }
}

/** Of an input that nobody has checked yet: who starts it in another way than our client does has given it no summary. */
function titleOf(input: unknown): string {
  try {
    return batchTitle(input as BatchInput);
  } catch {
    return 'batch';
  }
}
