/**
 * What a tracker keeps besides its engine: whose the operations are, and what is to be told, passed on or looked for.
 *
 * Keeps true:
 * 1. An operation is here once, however often it is registered; it leaves when its workflow was told, when another tracker has it, or when its
 *    workflow is closed.
 * 2. A tracker that was split takes nothing any more: it passes on what it has and what comes.
 */
import { condition, sleep, upsertMemo } from '@temporalio/workflow';
import type { Shown, Told, TrackerInput, TrackerStart } from '../../activities/tracker/messages';
import { MAX_KEPT_BYTES, type TrackedStanding } from '../../contract';
import { keyOf } from '../../jobs/begin';
import type { Job, JobEnd } from '../../jobs/model';
import { phaseOf, progressOf } from '../../jobs/progress';
import { dueBy, knownRegistration, MAX_DEPTH, registrationOf, trackedJob, type Owner, type Registration } from '../../jobs/tracked';
import { SPLIT_MEMO } from '../../jobs/tracker-names';
import { ownIdentity } from '../engine/carry';
import { Engine } from '../engine/engine';
import { trackerCall } from './calls';
import { Checks } from './checks';
import { Members } from './members';
import { hurrySignal, releaseSignal } from './messages';
import { Outbox } from './outbox';
import { Parts } from './parts';

/** Requests of one status activity at once. */
const ASK_CONCURRENCY = 25;
/** Of all that a new run is handed. */
const MAX_STATE_BYTES = 1_048_576;
/** A tracker with more is split: the rest is room for what is read at the end of operations. */
const SPLIT_BYTES = 600_000;
/** Trackers that had its id and were adopted: what is told again is known. */
const MAX_ADOPTED = 20;
const MAX_ID_CHARS = 64;
const ADOPT_AGAIN_MS = 60_000;

/** An operation of a tracker. Plain JSON. */
export interface Tracked {
  owner: Owner;
  job: Job;
}

/** What one run hands to the next, besides the operations. Plain JSON. */
export interface CarriedTracker {
  start: TrackerStart;
  nextIndex: number;
  left: string[];
  adopted: string[];
  adoptAgainAtMs?: number;
  /** Search attributes as they were written. */
  written?: Record<string, string>;
}

export class Tracker {
  readonly engine: Engine;
  private readonly members: Members;
  private readonly told: Outbox<Told>;
  private readonly parts: Parts;
  private readonly adoptions: Outbox<string>;
  private readonly checks: Checks;
  private readonly adopted: string[];
  private start: TrackerStart | undefined;
  private nextIndex: number;
  private adoptAgainAtMs: number | undefined;

  constructor(
    private readonly input: TrackerInput,
    carried: CarriedTracker | undefined,
    operations: readonly Tracked[],
  ) {
    this.start = carried?.start;
    this.nextIndex = carried?.nextIndex ?? 0;
    this.adopted = carried?.adopted ?? [];
    this.members = new Members(carried?.left);
    const set = {
      source: ownIdentity(),
      pages: new Map(),
      options: { maxKeptBytes: MAX_KEPT_BYTES, concurrency: ASK_CONCURRENCY, asCallers: true },
    } as const;
    this.engine = new Engine(
      set,
      { maxInFlight: 0, maxOpenBytes: MAX_STATE_BYTES },
      operations.map(({ job }) => job),
    );
    for (const { job, owner } of operations) this.members.add(keyOf(job), owner);
    const wake = (): void => this.engine.wake();
    this.told = new Outbox((all) => trackerCall(`tell ${all.length}`)['lro.tell'](all), wake);
    this.adoptions = new Outbox(() => this.adoptAll(), wake);
    this.parts = new Parts(input, wake);
    if (carried?.adoptAgainAtMs !== undefined) this.adoptAgain(carried.adoptAgainAtMs);
    this.checks = new Checks(
      () => this.members.entries().map(([, owner]) => owner),
      (token) => this.letGo(token),
    );
  }

  /** It is known what there was before. */
  begin(start: TrackerStart): void {
    this.start = start;
    this.collect();
  }

  get isSplit(): boolean {
    return this.start?.isSplit === true;
  }

  /** Whether all that is to be told or passed on has arrived. */
  private get isQuiet(): boolean {
    return this.told.isEmpty && this.adoptions.isEmpty && this.parts.isEmpty;
  }

  /** Whether nothing is under way at all. */
  get isAtRest(): boolean {
    return !this.engine.isUnderWay && this.isQuiet;
  }

  /** Whether there is nothing that may be lost: no operation, and nothing that others rely on. */
  get isEmpty(): boolean {
    return this.members.count === 0 && this.isQuiet && !this.isSplit && this.adoptAgainAtMs === undefined;
  }

  /** Takes what it was told, by whomever. */
  register(given: unknown): void {
    const all: unknown[] = Array.isArray(given) ? given : [];
    for (const one of all) {
      const known = knownRegistration(one, this.input.connection);
      if (known === undefined || this.members.knows(known.token)) continue;
      const registration = dueBy(known, Date.now());
      if (this.isSplit) this.parts.add(registration);
      else this.add(registration);
    }
    this.engine.wake();
  }

  /** Its workflow follows an operation itself from now on. */
  release(shown: Shown | null | undefined): void {
    const key = this.members.keyOf(shown);
    if (key === undefined) return this.relay(releaseSignal, shown);
    this.handBack(key);
  }

  /** Asks now instead of waiting. */
  hurry(shown: Shown | null | undefined): void {
    const key = this.members.keyOf(shown);
    if (key === undefined) this.relay(hurrySignal, shown);
    else this.engine.hurry([key]);
  }

  /** Another that had this id has ended before its operations: they are to register again. @param runId of that one */
  adopt(runId: unknown): void {
    if (typeof runId !== 'string' || runId.length > MAX_ID_CHARS || this.adopted.includes(runId)) return;
    this.adopted.push(runId);
    if (this.adopted.length > MAX_ADOPTED) this.adopted.shift();
    this.adoptions.add(runId);
    if (this.adoptAgainAtMs === undefined) this.adoptAgain(Date.now() + ADOPT_AGAIN_MS);
  }

  /** Answer of the query `operation`. */
  standing(workflowId: string): TrackedStanding {
    const [key] = this.members.entries().find(([, owner]) => owner.workflowId === workflowId) ?? [];
    const job = this.engine.jobs().find((one) => keyOf(one) === key);
    if (job !== undefined) return { progress: progressOf(job, phaseOf(job, this.engine.isBusy(job))) };
    return this.isSplit ? { next: this.parts.idOf(workflowId) } : {};
  }

  /** Takes up what has happened: who is to be told is told, and who is to leave leaves. */
  collect(): void {
    for (const { job, end } of this.engine.takeEnded()) this.leaves(job, end);
    for (const job of this.engine.jobs()) if (job.step.at === 'poll' && job.step.isNotShared === true) this.handBack(keyOf(job));
    const isFull = this.engine.bytes > SPLIT_BYTES && this.members.count > 1 && this.input.path.length < MAX_DEPTH;
    if (isFull && this.start !== undefined && !this.isSplit) this.split(this.start);
    if (this.isSplit) this.empty();
    this.checks.plan();
  }

  /** All operations go back to their workflows. Not to be cut by a cancellation. */
  async close(): Promise<void> {
    this.collect();
    for (const [key] of this.members.entries()) this.handBack(key);
    await condition(() => this.isQuiet);
  }

  /** Waits until nothing is under way, and all that is to be told has arrived. */
  async settle(): Promise<void> {
    await this.engine.settle();
    this.collect();
    await condition(() => this.isQuiet);
  }

  /** What the next run needs, when nothing is under way. */
  carried(start: TrackerStart): { carried: CarriedTracker; operations: Tracked[] } {
    const operations = this.engine.carried().jobs.flatMap((job) => {
      const owner = this.members.ownerOf(keyOf(job));
      return owner === undefined ? [] : [{ owner, job }];
    });
    const { nextIndex, adopted, adoptAgainAtMs, members, isSplit } = this;
    return { carried: { start: { ...start, isSplit }, nextIndex, left: members.left, adopted, adoptAgainAtMs }, operations };
  }

  private async adoptAll(): Promise<void> {
    const known = this.members.entries().map(([, { workflowId }]) => workflowId);
    await trackerCall('have operations register again')['lro.adopt']({ ...this.input, known });
  }

  /** Once more: that a workflow has an operation stands in visibility a little later than in its history. */
  private adoptAgain(atMs: number): void {
    this.adoptAgainAtMs = atMs;
    const again = (): void => {
      this.adoptAgainAtMs = undefined;
      this.adoptions.add('again');
    };
    sleep(Math.max(1, atMs - Date.now()), { summary: 'look for operations of a lost tracker again' }).then(again, () => undefined);
  }

  private add(registration: Registration): void {
    const { workflowId, firstRunId, token } = registration;
    const place = { page: 0, index: this.nextIndex++ };
    this.members.add(keyOf(place), { workflowId, firstRunId, token });
    this.engine.add(trackedJob(place, registration));
  }

  private leaves(job: Job, end?: JobEnd): void {
    const owner = this.members.leaves(keyOf(job));
    if (owner !== undefined) this.told.add({ workflowId: owner.workflowId, token: owner.token, job, end });
  }

  private handBack(key: string): void {
    const job = this.engine.takeOut(key);
    if (job !== undefined) this.leaves(job);
  }

  private letGo(token: string): void {
    const key = this.members.keyOf({ token });
    if (key !== undefined && this.engine.takeOut(key) !== undefined) this.members.remove(key);
  }

  /** From now on, and for ever, its operations are in two others. */
  private split(start: TrackerStart): void {
    this.start = { ...start, isSplit: true };
    upsertMemo({ [SPLIT_MEMO]: true });
  }

  private empty(): void {
    for (const job of this.engine.jobs()) {
      const owner = this.members.ownerOf(keyOf(job));
      // One that is being asked, or at its end, is not moved before.
      const registration = owner === undefined || this.engine.isBusy(job) ? undefined : registrationOf(owner, job);
      if (registration === undefined) continue;
      this.engine.takeOut(keyOf(job));
      this.members.remove(keyOf(job));
      this.parts.add(registration);
    }
  }

  private relay(signal: typeof hurrySignal, shown: Shown | null | undefined): void {
    if (!this.isSplit || typeof shown?.workflowId !== 'string' || typeof shown.token !== 'string') return;
    this.parts.relay(signal, { workflowId: shown.workflowId, token: shown.token });
  }
}
