/**
 * An operation that a tracker polls for its workflow (`follow: "shared"`).
 *
 * Keeps true:
 * 1. Whoever tells it something shows the token; the first that tells the end is believed.
 * 2. Where no tracker may, or can, have the operation, its workflow follows it itself; so it does once it was handed back.
 */
import { CancellationScope, condition, getExternalWorkflowHandle, setHandler, upsertMemo } from '@temporalio/workflow';
import type { Told } from '../activities/tracker/messages';
import type { OperationInput } from '../contract';
import { MAX_KEPT_BYTES } from '../contract';
import { operationTitle } from '../identity/id-conflict';
import { inputDigest } from '../identity/input-digest';
import type { EndedJob, Job } from '../jobs/model';
import { handedBack, registrationOf } from '../jobs/tracked';
import { TRACKER_MEMO } from '../jobs/tracker-names';
import { ownIdentity } from './engine/carry';
import { trueWithin } from './engine/within';
import { beginShared, register, type BeginEnd } from './tracker/calls';
import { hurrySignal, registerAgainSignal, releaseSignal, toldSignal } from './tracker/messages';

/** A tracker that does not hand an operation back in that time is not waited for: what is known of it is enough to cancel it. */
const RELEASE_SECONDS = 10;

export class SharedFollowing {
  /** Of the first tracker of the connection: it knows which of them has the operation. */
  tracker: string | undefined;
  private told: Told | undefined;
  private isLost = false;
  private isHurried = false;
  /** Its workflow follows it itself from now on. */
  isOver?: true;

  constructor() {
    setHandler(toldSignal, (told) => this.hear(told));
    setHandler(registerAgainSignal, () => void (this.isLost = true));
  }

  /**
   * Made of the id that Temporal gave the first run, at random: the same in every run, also in one that was reset, and in every build. Random
   * numbers of a workflow are not: whatever else takes one changes them.
   */
  private get token(): string {
    return inputDigest(['tracker', ownIdentity()]).slice(0, 32);
  }

  /** Checks, submits and hands over an operation at once. @throws ActivityFailure where its input is refused */
  async begin(input: OperationInput, startedAtMs: number): Promise<BeginEnd> {
    const identity = ownIdentity();
    const request = { input, identity, token: this.token, firstSentAtMs: Date.now(), startedAtMs, maxKeptBytes: MAX_KEPT_BYTES };
    const end = await beginShared(request, operationTitle(input));
    this.tracker = end.begun?.tracker;
    return end;
  }

  /** Whether a tracker is to poll it now. */
  mayFollow({ step }: Job): boolean {
    return this.isOver === undefined && step.at === 'poll';
  }

  /** Asks now instead of waiting. */
  hurry(): void {
    this.isHurried = true;
  }

  /**
   * Waits until its tracker has told what became of it.
   * @returns the job as it stands, which its workflow goes on with; or its end
   * @throws CancelledFailure
   */
  async follow(own: Job, registered: () => void): Promise<Job | EndedJob> {
    while (this.told === undefined) {
      if (this.tracker === undefined || this.isLost) {
        if (!(await this.register(own))) return this.backToItself(own);
        registered();
        continue;
      }
      if (this.isHurried) await this.relayHurry();
      else await condition(() => this.told !== undefined || this.isLost || this.isHurried);
    }
    return this.backToItself(asTold(own, this.told));
  }

  /** Takes the operation back, as it stands. Not to be cut by a cancellation. */
  async release(own: Job): Promise<Job | EndedJob> {
    const { tracker, token } = this;
    if (tracker !== undefined && this.told === undefined) {
      const { workflowId } = ownIdentity();
      const handle = getExternalWorkflowHandle(tracker);
      const isAsked = await handle.signal(releaseSignal, { workflowId, token }).then(
        () => true,
        () => false,
      );
      if (isAsked) await trueWithin(() => this.told !== undefined, RELEASE_SECONDS, 'wait for its tracker');
    }
    const { told } = this;
    return this.backToItself(told === undefined ? own : asTold(own, told));
  }

  /** @returns whether a tracker has it */
  private async register(own: Job): Promise<boolean> {
    const { step } = own;
    // Whoever had it may have asked, and was not heard.
    const again = this.isLost && step.at === 'poll' ? { ...step, dueAtMs: Date.now() + (step.waitMs ?? 0) } : step;
    const registration = registrationOf({ ...ownIdentity(), token: this.token }, { ...own, step: again });
    if (registration === undefined) return false;
    this.isLost = false;
    const end = await register(registration);
    if (!('tracker' in end)) return false;
    if (this.tracker === undefined) upsertMemo({ [TRACKER_MEMO]: end.tracker });
    this.tracker = end.tracker;
    return true;
  }

  /** A tracker that is not there has lost it. */
  private async relayHurry(): Promise<void> {
    this.isHurried = false;
    const { tracker = '', token } = this;
    const { workflowId } = ownIdentity();
    try {
      await getExternalWorkflowHandle(tracker).signal(hurrySignal, { workflowId, token });
    } catch (err) {
      if (CancellationScope.current().consideredCancelled) throw err;
      this.isLost = true;
    }
  }

  private backToItself<T>(result: T): T {
    this.isOver = true;
    return result;
  }

  private hear(told: unknown): void {
    const shown = told as Partial<Told> | null | undefined;
    if (this.isOver === true || this.told !== undefined || shown?.token !== this.token || typeof shown.job !== 'object') return;
    this.told = shown as Told;
  }
}

function asTold(own: Job, { job, end }: Told): Job | EndedJob {
  const back = handedBack(own, job);
  return end === undefined ? back : { job: back, end };
}
