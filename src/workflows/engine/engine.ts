/**
 * Runs a set of jobs: a single operation or chain is a set of one. Whoever owns it turns the loop:
 *
 *     while (engine.isOpen) {
 *       await engine.send(room);     // what is due leaves, each kind in one activity
 *       …take engine.takeEnded(), show engine.jobs()…
 *       await engine.rest(room);     // until something is due, has landed, or was changed from outside
 *     }
 *
 * Keeps true:
 * 1. No job is sent or asked before it is due. Every wait is a durable timer; a wait of nothing sets none.
 * 2. Every job is in one place: idle, in one activity, or handed out as ended, once.
 * 3. All that is to be carried is in the jobs and in {@link EngineState}: plain JSON.
 *
 * Longer than other files, because whatever a set sends meets here; what is due, and when, is in `due.ts`.
 */
import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import type { FailureDetails, Problem } from '../../contract';
import { keyOf, newJob } from '../../jobs/begin';
import { apply, isEnded } from '../../jobs/job';
import type { EndedJob, Job, JobEvent, Place } from '../../jobs/model';
import { isUnaccepted } from '../../jobs/progress';
import { logChange } from '../log-lines';
import { Backlog } from './backlog';
import { askJobs, deleteResources, readFiles, readJobs, type Events, type SetSource } from './calls';
import { WorkflowClock } from './clock';
import { throwIfCancelled } from './cancellation';
import * as due from './due';
import { findJobs } from './finds';
import { Flights, type FlightKind } from './flights';
import { IdleJobs } from './idle-jobs';
import { Room } from './room';
import { submitJobs } from './submits';
import { Timer } from './timer';
import { Weights } from './weights';

/** What one run hands to the next, besides the jobs. Plain JSON. */
export interface EngineState {
  /** The first input that was never begun; absent: there is none. */
  next?: Place;
  /** No submit goes before that. */
  submitsFromMs?: number;
}

export class Engine {
  /** `hold`: what is due to be submitted waits. `stop`: it will never be. */
  submits: 'go' | 'hold' | 'stop' = 'go';
  /** No further body is read into a file: a new run is to begin. */
  holdsFiles = false;
  /** Why inputs can no longer be read. */
  broken: FailureDetails | undefined;
  /** Jobs that services have accepted. */
  accepted = 0;
  /** What went wrong last, with any of them. */
  lastProblem: Problem | undefined;
  private readonly weights = new Weights();
  private readonly room: Room;
  private readonly open = new Map<string, Job>();
  private readonly flights = new Flights();
  private readonly idle = new IdleJobs(this.open, this.flights);
  private readonly hurried = new Set<string>();
  private ended: EndedJob[] = [];
  private isAwake = false;
  private readonly backlog: Backlog;
  private submitsFromMs: number;
  private timedFromMs = 0;
  private readonly clock = new WorkflowClock();
  private readonly timer = new Timer(this.clock);

  constructor(
    private readonly set: SetSource,
    private readonly limits: due.SubmitLimits & { maxOpenBytes?: number },
    jobs: readonly Job[],
    { next = { page: -1, index: 0 }, submitsFromMs = 0 }: EngineState = {},
  ) {
    this.room = new Room(this.weights, limits.maxOpenBytes ?? Infinity);
    for (const job of jobs) this.keep(job);
    this.backlog = new Backlog(set.pages, next);
    this.submitsFromMs = submitsFromMs;
  }

  /** How many jobs are open. */
  get count(): number {
    return this.open.size;
  }

  /** Whether anything can still happen. */
  get isOpen(): boolean {
    if (this.isUnderWay) return true;
    return this.submits === 'stop' ? this.jobs().some(({ step }) => step.at !== 'submit') : this.count > 0 || this.backlog.left > 0;
  }

  /** Whether an activity is under way. */
  get isUnderWay(): boolean {
    return this.flights.count() > 0;
  }

  /** Whether services have accepted what all jobs have submitted first. */
  get isAccepted(): boolean {
    return !this.jobs().some(isFirstSubmit);
  }

  /** Whether something is under way that may take hours, because it streams a file: submits, and bodies that are read into files. */
  get isStreaming(): boolean {
    return this.flights.count('submit') > 0 || this.flights.count('file') > 0;
  }

  /** The jobs as they stand, to be shown. */
  jobs(): Job[] {
    return [...this.open.values()];
  }

  /** About how much its jobs come to, as JSON. */
  get bytes(): number {
    return this.room.used;
  }

  /** A job joins the set. */
  add(job: Job): void {
    this.keep(job);
    this.wake();
  }

  /** Takes a job out of the set, as it stands; undefined: it is not there. What is still answered about it is nobody's. */
  takeOut(key: string): Job | undefined {
    const job = this.open.get(key);
    if (job === undefined) return undefined;
    this.remove(job);
    this.hurried.delete(key);
    return job;
  }

  /** Whether what services may answer to new jobs can be kept. */
  get hasRoom(): boolean {
    return this.room.hasSome;
  }

  isBusy(job: Place): boolean {
    return this.flights.has(keyOf(job));
  }

  /** What the next run needs, when nothing is under way. */
  carried(): { jobs: Job[]; state: EngineState } {
    // A signal may have come after the last turn.
    this.hurryThose();
    return { jobs: this.jobs(), state: this.carriedState() };
  }

  /** How far it has come. */
  carriedState(): EngineState {
    return { next: this.backlog.left > 0 ? this.backlog.from : undefined, submitsFromMs: this.submitsFromMs };
  }

  /** Jobs that have ended since this was asked last. */
  takeEnded(): EndedJob[] {
    return this.ended.splice(0);
  }

  /** Ask now instead of waiting. Several calls before the next answer are one; a key that is not there is none. */
  hurry(keys: Iterable<string> = this.open.keys()): void {
    for (const key of keys) if (this.open.has(key)) this.hurried.add(key);
    this.wake();
  }

  /** Something was changed from outside: `rest` ends. */
  wake(): void {
    this.isAwake = true;
  }

  /** Sends what is due, each kind in one activity. @param room new jobs that may begin. @throws CancelledFailure */
  async send(room = 0): Promise<void> {
    // What is to follow at once passes no timer: nothing else would tell of a cancellation.
    await throwIfCancelled();
    this.hurryThose();
    const nowMs = this.clock.now();
    const late = this.idle.all().filter(({ deadlineAtMs = Infinity }) => deadlineAtMs <= nowMs);
    for (const job of late) this.apply(keyOf(job), { kind: 'expired' });
    for (let jobs = this.nextSubmits(room); jobs.length > 0; jobs = this.nextSubmits(room)) {
      room -= jobs.filter(({ step }) => step.at === 'submit' && step.why === 'start').length;
      const answerBytes = this.answerBytes() ?? this.room.forOneAnswer;
      this.launch('submit', jobs, this.submit(jobs, nowMs, answerBytes), this.room.reserve(answerBytes));
    }
    const nextFinds = (): Job[] => due.findsDue(this.idle.at('find'), nowMs, this.bytesOf);
    for (let lost = nextFinds(); lost.length > 0; lost = nextFinds()) this.launch('find', lost, findJobs(lost, this.set, nowMs));
    const weigh = (job: Job): number => this.weights.asked(job);
    const polls = this.flights.freeFromMs('poll') <= nowMs ? due.pollsDue(this.idle.at('poll'), nowMs, this.isTimed(nowMs), weigh) : [];
    if (polls.length > 0) this.launch('poll', polls, this.ask(polls, nowMs), undefined, polls.at(-1)?.step.dueAtMs);
    const reads = this.flights.freeFromMs('read') <= nowMs ? due.readsDue(this.idle.at('fetch'), nowMs, weigh) : [];
    if (reads.length > 0) this.launch('read', reads, readJobs(reads, this.set, nowMs));
    for (let files = this.nextFiles(nowMs); files.length > 0; files = this.nextFiles(nowMs))
      this.launch('file', files, readFiles(files, this.set, nowMs));
    for (const job of this.idle.at('cleanup')) {
      const cleaned = deleteResources(job.step).then((event): Events => new Map([[keyOf(job), [event]]]));
      this.launch('cleanup', [job], cleaned);
    }
  }

  /** Waits until there is something to do. @throws CancelledFailure, after all that was under way has landed */
  async rest(room = 0): Promise<void> {
    if (!this.isOpen || this.ended.length > 0) return;
    const holds = {
      submitsFromMs: this.submitsMayGoMs(),
      pollsFromMs: this.flights.freeFromMs('poll'),
      isTimed: this.isTimed(this.clock.now()),
      readsFromMs: this.flights.freeFromMs('read'),
      filesFromMs: this.filesFromMs(),
      hasNew: this.newJobs(room) > 0,
    };
    this.timer.set(due.nextMoment(this.idle.all(), this.clock.now(), holds));
    try {
      await condition(() => this.isAwake || this.timer.hasFired);
    } catch (err) {
      await CancellationScope.nonCancellable(() => this.settle());
      throw err;
    } finally {
      this.isAwake = false;
      this.timer.reset();
    }
  }

  /** Waits until nothing is under way. */
  settle(kind?: FlightKind): Promise<void> {
    return condition(() => this.flights.count(kind) === 0);
  }

  /** Tells a job of an event. */
  apply(key: string, event: JobEvent): void {
    const job = this.open.get(key);
    if (job === undefined) return;
    const result = apply(job, this.room.fitting(job, event), this.clock.now());
    const after = isEnded(result) ? result.job : result;
    logChange(job, result, event, this.set);
    if (isFirstSubmit(job) && (after.step.at === 'poll' || after.step.at === 'fetch' || after.done !== undefined)) this.accepted++;
    const { problem } = after.step;
    if (problem !== undefined && problem !== job.step.problem) this.lastProblem = problem;
    if (isEnded(result)) {
      this.remove(job);
      this.ended.push(result);
    } else if (result !== job) {
      this.keep(result);
    }
  }

  private keep(job: Job): void {
    const key = keyOf(job);
    this.room.changed(this.open.get(key), job);
    this.open.set(key, job);
    this.idle.changed();
  }

  private remove(job: Job): void {
    this.open.delete(keyOf(job));
    this.room.changed(job, undefined);
    this.idle.changed();
  }

  private async submit(jobs: readonly Job[], nowMs: number, answerBytes: number): Promise<Events> {
    const { events, broken } = await submitJobs(jobs, this.set, nowMs, answerBytes);
    if (broken !== undefined) {
      this.broken = broken;
      this.submits = 'stop';
    }
    return events;
  }

  private async ask(jobs: readonly Job[], nowMs: number): Promise<Events> {
    const { events, isCrowded } = await askJobs(jobs, this.set, nowMs);
    if (isCrowded) this.timedFromMs = this.clock.now() + due.CROWDED_SECONDS * 1000;
    return events;
  }

  /** Whether its questions begin before their members are due. */
  private isTimed(nowMs: number): boolean {
    return this.count >= due.TIMED_FROM && nowMs >= this.timedFromMs;
  }

  private launch(kind: FlightKind, jobs: readonly Job[], work: Promise<Events>, giveBack?: () => void, lastAtMs = 0): void {
    const end = this.flights.begin(kind, jobs, Math.max(this.clock.now(), lastAtMs));
    this.idle.changed();
    const landed = (events: Events): void => {
      end();
      this.idle.changed();
      giveBack?.();
      for (const [key, inOrder] of events) for (const event of inOrder) this.apply(key, event);
      this.wake();
    };
    work.then(landed, (err: unknown) => {
      // Cut by a cancellation: the jobs are as they were.
      if (!isCancellation(err)) throw err;
      landed(new Map());
    });
  }

  /** The submits that may go now: those that are due again, else new ones. */
  private nextSubmits(room: number): Job[] {
    const nowMs = this.clock.now();
    if (this.submitsMayGoMs() > nowMs) return [];
    // Where there is no room, and nothing that would make some, one job goes on alone until it has ended: the first.
    const most = this.answerBytes() === undefined ? 1 : due.chunkSize(this.limits);
    const again = due.submitsDue(this.idle.at('submit'), nowMs, most, this.bytesOf);
    // Its deadline counts from here, not from the first try of an earlier batch.
    const begin = (place: Place): Job => newJob(place, { startedAtMs: nowMs });
    const count = Math.min(most, this.newJobs(room));
    const jobs = again.length > 0 ? again : this.backlog.take(count, (place) => this.bytesOf(begin(place))).map(begin);
    for (const job of jobs) this.keep(job);
    this.submitsFromMs = due.nextSubmitAtMs(nowMs, this.submitsFromMs, jobs.length, this.limits);
    return jobs;
  }

  private readonly bytesOf = (job: Job): number => this.weights.submitted(job, this.backlog.inputOf(job));

  private nextFiles(nowMs: number): Job[] {
    return this.filesFromMs() <= nowMs ? due.fileReadsDue(this.idle.at('fetch'), nowMs) : [];
  }

  private filesFromMs(): number {
    return !this.holdsFiles && this.flights.count('file') < due.MAX_FILE_FLIGHTS ? -Infinity : Infinity;
  }

  private newJobs(room: number): number {
    return due.newJobsDue(this.backlog.left, room, this.limits, due.chunkSize(this.limits));
  }

  private submitsMayGoMs(): number {
    const mayGo = this.submits === 'go' && this.flights.count('submit') < due.MAX_SUBMIT_FLIGHTS;
    return mayGo && (this.answerBytes() !== undefined || this.isStuck()) ? this.submitsFromMs : Infinity;
  }

  private answerBytes(): number | undefined {
    return this.room.forAnswers(this.flights.count('submit'));
  }

  /** Whether nothing is under way, and nothing waits but to be submitted. */
  private isStuck(): boolean {
    return !this.isUnderWay && this.jobs().every(({ step }) => step.at === 'submit');
  }

  private hurryThose(): void {
    for (const key of this.hurried) {
      if (this.flights.has(key)) continue;
      this.apply(key, { kind: 'hurried' });
      this.hurried.delete(key);
    }
  }
}

/** Whether no service has accepted anything of it yet. */
function isFirstSubmit(job: Job): boolean {
  return isUnaccepted(job) && job.done === undefined;
}
