/**
 * The loop over a set of operations: sleep until the next is due, ask all that are due in one activity, act on what each decision says,
 * until none is open. A single operation is a set of one.
 *
 * Keeps true:
 * 1. An operation is never asked before it is due. Due is the time after the answer plus the wait the decision names; `pollNow` is the
 *    one exception, and never asks sooner than `minSeconds` after the last answer.
 * 2. Every wait is a durable timer; a wait of nothing sets none.
 * 3. What has ended leaves the set in the same step, with its end reported once.
 * 4. All state is in the operations themselves: plain JSON that continues as new.
 */
import { CancellationScope, condition, isCancellation, sleep } from '@temporalio/workflow';
import type { AskOptions } from '../activities/messages';
import type { FailureDetails, Json, Problem } from '../contract';
import type { FetchDecision } from '../lro/fetch';
import type { Fetch, Monitor, Outcome, StatusDecision } from '../lro/monitor';
import { askStatus, fetchResources } from './calls';
import { WorkflowClock } from './clock';

/** One operation that the service has accepted. */
export interface OpenOperation {
  id: string;
  monitor: Monitor;
  /** The service's own word, as last read. */
  status?: string;
  polls: number;
  dueAtMs: number;
  /** Why it is due then: shown on the timer. */
  why: string;
  deadlineAtMs?: number;
  /** Of its connection: `pollNow` keeps this distance, and an activity this bound. */
  minSeconds: number;
  timeoutSeconds: number;
  lastPollAtMs?: number;
  lastProblem?: Problem;
  /** What it adds to the question of a set, about, where a set may become too large for one activity. */
  bytes?: number;
  /** It has succeeded, and this is still to be read. */
  finishing?: { outcome: Outcome; shownLocation?: string; fetches: Fetch[] };
  asking?: boolean;
  /** An activity is under way for it. */
  busy?: boolean;
}

/** How an operation ended. */
export type OperationEnd = { kind: 'succeeded'; outcome: Outcome; shownLocation?: string } | { kind: 'failed'; failure: FailureDetails };

export interface LoopEvents {
  /** After every step that changed something about the operation. */
  changed(operation: OpenOperation): void;
  /** Once for each operation, after it has left the set. */
  ended(operation: OpenOperation, end: OperationEnd): void;
  /** After every step, whatever it changed. */
  stepped?(): void;
}

/** Operations in one activity at most: the others go with the next one, which spreads what comes due together. */
const MAX_ASKED = 500;
const MAX_ASKED_BYTES = 524_288;

/** In sets of so many, those that come due one by one are asked together: when so large a part of all is due, and not much later than due. */
const GATHERED_FROM = 20;
const GATHERED_PART = 0.2;
const GATHER_SECONDS = 0.5;

/** An answer that is longer in coming holds up those that were asked with it, and from then on no others. */
const STRAGGLING_SECONDS = 3;

/** An activity that is under way. */
interface Flight {
  startedAtMs: number;
}

export class OperationLoop {
  private readonly open = new Map<string, OpenOperation>();
  private readonly hurried = new Set<string>();
  private readonly flights = new Set<Flight>();
  /** An activity that was cut by a cancellation. */
  private cut: { error: unknown } | undefined;
  private readonly clock = new WorkflowClock();
  private wake: (() => void) | undefined;
  private wakesAtMs: number | undefined;

  constructor(
    operations: readonly OpenOperation[],
    private readonly events: LoopEvents,
    /** How sets of many are asked. */
    private readonly askOptions?: AskOptions,
  ) {
    for (const operation of operations) this.open.set(operation.id, operation);
  }

  /** How many are open. */
  get size(): number {
    return this.open.size;
  }

  get(id: string): OpenOperation | undefined {
    return this.open.get(id);
  }

  /** More operations for the set, while it runs. */
  add(operations: readonly OpenOperation[]): void {
    for (const operation of operations) this.open.set(operation.id, operation);
    const moment = this.nextMoment();
    if (moment !== undefined && (this.wakesAtMs === undefined || moment.atMs < this.wakesAtMs)) this.wake?.();
  }

  /** Has `run` look again at what it was given. */
  nudge(): void {
    this.wake?.();
  }

  /** Those that are still open, as plain JSON. */
  operations(): OpenOperation[] {
    // A signal may have come after the last step.
    this.hurry();
    return [...this.open.values()].map((operation) => ({ ...operation, asking: undefined, busy: undefined }));
  }

  /** Ask now instead of waiting. Several calls before the next answer are one. */
  pollNow(id: string): void {
    this.hurried.add(id);
    const operation = this.open.get(id);
    // One that is hurried already is waited for as it is: no new timer for every signal.
    if (operation !== undefined && soonestMs(operation) < operation.dueAtMs) this.wake?.();
  }

  /**
   * Runs until no operation is open and none is expected, or until `pause` says so between two steps. Throws only when it is cancelled.
   * @param expects whether operations may still be added
   */
  async run(pause: () => boolean, expects: () => boolean = () => false): Promise<void> {
    while ((this.open.size > 0 || expects()) && !pause()) {
      this.hurry();
      this.expire();
      const due = this.mayAskAtMs() <= this.clock.now() ? this.due() : [];
      if (due.length > 0) this.launch(due);
      else if (this.open.size > 0 || expects()) await this.wait();
    }
    // The answers of what is under way are not to be lost.
    while (this.flights.size > 0) await this.landing();
  }

  /** Those that are due and not being asked, up to what one activity takes. */
  private due(): OpenOperation[] {
    const now = this.clock.now();
    const due: OpenOperation[] = [];
    let bytes = 0;
    for (const operation of this.open.values()) {
      if (operation.busy === true || operation.dueAtMs > now) continue;
      bytes += operation.bytes ?? 0;
      if (due.length >= MAX_ASKED || (bytes > MAX_ASKED_BYTES && due.length > 0)) break;
      due.push(operation);
    }
    return due;
  }

  /** One activity at a time, so that others come due meanwhile and go together; one that straggles is not waited for. */
  private mayAskAtMs(): number {
    return Math.max(-Infinity, ...[...this.flights].map(({ startedAtMs }) => startedAtMs + STRAGGLING_SECONDS * 1000));
  }

  private launch(due: OpenOperation[]): void {
    for (const operation of due) operation.busy = true;
    const flight: Flight = { startedAtMs: this.clock.now() };
    this.flights.add(flight);
    const landed = (): void => {
      this.flights.delete(flight);
      for (const operation of due) operation.busy = undefined;
      this.events.stepped?.();
      this.wake?.();
    };
    this.step(due).then(landed, (error: unknown) => {
      this.cut = { error };
      landed();
    });
  }

  private async landing(): Promise<void> {
    await new Promise<void>((resolve) => (this.wake = resolve));
    this.wake = undefined;
    if (this.cut !== undefined) throw this.cut.error;
  }

  /** `pollNow`, as soon as the distance to the last answer allows. */
  private hurry(): void {
    for (const id of this.hurried) {
      const operation = this.open.get(id);
      if (operation === undefined) continue;
      const dueAtMs = soonestMs(operation);
      if (dueAtMs < operation.dueAtMs) Object.assign(operation, { dueAtMs, why: 'pollNow' });
    }
    this.hurried.clear();
  }

  private expire(): void {
    for (const operation of this.open.values()) {
      if (operation.busy === true || operation.deadlineAtMs === undefined || operation.deadlineAtMs > this.clock.now()) continue;
      // What has succeeded stays succeeded, with what could be read of it.
      if (operation.finishing) this.end(operation, this.unfinished(operation.finishing, 'not read before the deadline'));
      else this.end(operation, { kind: 'failed', failure: deadlineExceeded(operation) });
    }
  }

  /** The next time at which something has to be done about an operation that nobody is asking, and why then. */
  private nextMoment(): { atMs: number; why: string } | undefined {
    let next: OpenOperation | undefined;
    for (const operation of this.open.values()) {
      if (operation.busy !== true && (next === undefined || momentOf(operation) < momentOf(next))) next = operation;
    }
    if (next === undefined) return undefined;
    const why = next.deadlineAtMs === momentOf(next) && next.deadlineAtMs < next.dueAtMs ? 'deadline' : next.why;
    return { atMs: Math.max(this.gatheredAtMs(momentOf(next)), this.mayAskAtMs()), why };
  }

  /** When enough of a large set is due together: not before the first of them, and little later. */
  private gatheredAtMs(firstAtMs: number): number {
    if (this.open.size < GATHERED_FROM || firstAtMs <= this.clock.now()) return firstAtMs;
    const moments = [...this.open.values()]
      .flatMap((operation) => (operation.busy === true ? [] : momentOf(operation)))
      .sort((a, b) => a - b);
    const enough = moments[Math.floor(moments.length * GATHERED_PART)] ?? firstAtMs;
    return Math.min(enough, firstAtMs + GATHER_SECONDS * 1000);
  }

  /** Sleeps until something is due, until an activity has ended, or until it is woken. */
  private async wait(): Promise<void> {
    const moment = this.nextMoment();
    if (moment !== undefined) return this.sleepUntil(moment.atMs, moment.why);
    if (this.flights.size > 0) return this.landing();
    let woken = false;
    this.wake = () => (woken = true);
    await condition(() => woken);
    this.wake = undefined;
  }

  private async sleepUntil(atMs: number, why: string): Promise<void> {
    const waitMs = Math.max(1, Math.ceil(atMs - this.clock.now()));
    const alarm = { woken: false };
    try {
      await CancellationScope.cancellable(async () => {
        const scope = CancellationScope.current();
        this.wakesAtMs = atMs;
        this.wake = () => {
          alarm.woken = true;
          scope.cancel();
        };
        await sleep(waitMs, { summary: `wait ${waitMs / 1000} s (${why})` });
        this.clock.passed(atMs);
      });
    } catch (err) {
      if (!(isCancellation(err) && alarm.woken) || CancellationScope.current().consideredCancelled) throw err;
    } finally {
      this.wake = undefined;
      this.wakesAtMs = undefined;
    }
    if (this.cut !== undefined) throw this.cut.error;
  }

  private async step(due: OpenOperation[]): Promise<void> {
    const finished = due.filter((operation) => operation.finishing !== undefined);
    const asked = due.filter((operation) => operation.finishing === undefined);
    await Promise.all([asked.length > 0 ? this.ask(asked) : undefined, finished.length > 0 ? this.fetch(finished) : undefined]);
  }

  private async ask(asked: OpenOperation[]): Promise<void> {
    const summary = asked.length === 1 ? `status #${(asked[0]?.polls ?? 0) + 1}` : `status of ${asked.length}`;
    for (const operation of asked) operation.asking = true;
    for (const operation of asked) this.events.changed(operation);
    try {
      const asks = asked.map(({ id, monitor }) => ({ id, monitor }));
      for (const { id, decision } of await askStatus(asks, longestTimeout(asked), summary, this.askOptions)) {
        const operation = this.open.get(id);
        if (operation === undefined || decision === undefined) continue;
        operation.asking = undefined;
        if (decision.kind !== 'running' || decision.notAsked !== true) {
          operation.polls++;
          operation.lastPollAtMs = this.clock.now();
        }
        this.apply(operation, decision);
      }
    } catch (err) {
      if (isCancellation(err)) throw err;
      this.postpone(asked, err);
    } finally {
      for (const operation of asked) operation.asking = undefined;
    }
  }

  private apply(operation: OpenOperation, decision: StatusDecision): void {
    switch (decision.kind) {
      case 'failed':
        return this.end(operation, decision);
      case 'succeeded': {
        operation.status = decision.outcome.status;
        const { outcome, shownLocation, fetches = [] } = decision;
        if (fetches.length === 0) return this.end(operation, { kind: 'succeeded', outcome, shownLocation });
        operation.finishing = { outcome, shownLocation, fetches };
        operation.dueAtMs = this.clock.now();
        break;
      }
      case 'running':
        if (decision.monitor !== undefined) operation.monitor = decision.monitor;
        if (decision.status !== undefined) operation.status = decision.status;
        if (decision.trouble !== undefined) operation.lastProblem = { ...decision.trouble, at: isoNow() };
        operation.dueAtMs = this.clock.now() + decision.waitSeconds * 1000;
        operation.why = decision.why;
        break;
    }
    this.events.changed(operation);
  }

  private async fetch(finished: OpenOperation[]): Promise<void> {
    const requests = finished.flatMap(({ id, finishing }) =>
      finishing?.fetches[0] === undefined ? [] : [{ id, fetch: finishing.fetches[0] }],
    );
    try {
      const summary =
        finished.length === 1 ? `read ${requests[0]?.fetch.into.join(' and ') ?? ''}` : `read the results of ${finished.length}`;
      for (const { id, decision } of await fetchResources(requests, longestTimeout(finished), summary, this.askOptions)) {
        const operation = this.open.get(id);
        if (operation?.finishing !== undefined && decision !== undefined) this.applyFetch(operation, operation.finishing, decision);
      }
    } catch (err) {
      if (isCancellation(err)) throw err;
      this.postpone(finished, err);
    }
  }

  private applyFetch(operation: OpenOperation, finishing: NonNullable<OpenOperation['finishing']>, decision: FetchDecision): void {
    const [fetch, ...rest] = finishing.fetches;
    if (fetch === undefined) return;
    const { outcome, shownLocation } = finishing;
    if (decision.kind === 'again') {
      operation.finishing = { ...finishing, fetches: [decision.fetch, ...rest] };
      operation.dueAtMs = this.clock.now() + decision.waitSeconds * 1000;
      operation.why = decision.why;
      operation.lastProblem = { message: `final GET: ${decision.reason}`, at: isoNow() };
      return this.events.changed(operation);
    }
    const read =
      decision.kind === 'fetched' ? withRead(outcome, fetch, decision.value, decision.cut) : withMissing(outcome, [fetch], decision.reason);
    if (rest.length === 0) return this.end(operation, { kind: 'succeeded', outcome: read, shownLocation });
    operation.finishing = { outcome: read, shownLocation, fetches: rest };
    this.events.changed(operation);
  }

  private unfinished(finishing: NonNullable<OpenOperation['finishing']>, reason: string): OperationEnd {
    return {
      kind: 'succeeded',
      outcome: withMissing(finishing.outcome, finishing.fetches, reason),
      shownLocation: finishing.shownLocation,
    };
  }

  /** The activity itself failed, whatever was tried: not a fault of the operations. */
  private postpone(operations: OpenOperation[], err: unknown): void {
    const cause = err instanceof Error && err.cause instanceof Error ? err.cause : err;
    const message = `the worker could not ask: ${cause instanceof Error ? cause.message : String(cause)}`;
    for (const operation of operations) {
      Object.assign(operation, {
        dueAtMs: this.clock.now() + POSTPONE_SECONDS * 1000,
        why: 'backoff',
        lastProblem: { message, at: isoNow() },
      });
      this.events.changed(operation);
    }
  }

  private end(operation: OpenOperation, end: OperationEnd): void {
    this.open.delete(operation.id);
    this.events.ended(operation, end);
  }
}

/** After an activity has failed in all its retries. */
const POSTPONE_SECONDS = 10;

/** When `pollNow` lets it be asked. */
function soonestMs({ lastPollAtMs, minSeconds }: OpenOperation): number {
  return lastPollAtMs === undefined ? Date.now() : lastPollAtMs + minSeconds * 1000;
}

/** When something has to be done about it. */
function momentOf({ dueAtMs, deadlineAtMs }: OpenOperation): number {
  return deadlineAtMs === undefined ? dueAtMs : Math.min(dueAtMs, deadlineAtMs);
}

function longestTimeout(operations: OpenOperation[]): number {
  return Math.max(...operations.map(({ timeoutSeconds }) => timeoutSeconds));
}

function withRead(outcome: Outcome, fetch: Fetch, value: Json | undefined, cut: boolean): Outcome {
  const truncated = new Set(outcome.truncated ?? []);
  const read: Outcome & { resource?: Json } = { ...outcome };
  for (const field of fetch.into) {
    if (value !== undefined || field === 'resource') read[field] = value;
    truncated.delete(field);
    if (cut) truncated.add(field);
  }
  return { ...read, truncated: truncated.size > 0 ? [...truncated] : undefined };
}

/** The outcome without what was still to be read of it, and why. */
export function withMissing(outcome: Outcome, fetches: Fetch[], reason: string): Outcome {
  const fields = fetches.flatMap(({ into }) => into);
  if (fields.length === 0) return outcome;
  return { ...outcome, missing: { ...outcome.missing, ...Object.fromEntries(fields.map((field) => [field, reason])) } };
}

function deadlineExceeded({ monitor, status, lastProblem }: OpenOperation): FailureDetails {
  const name = monitor.operationId === undefined ? 'the operation' : `operation ${monitor.operationId}`;
  const last = lastProblem === undefined ? '' : `; last problem: ${lastProblem.message}`;
  return {
    type: 'DeadlineExceeded',
    message: `${name} was not finished by its deadline (last status: ${status ?? 'none read'}${last}); it may go on at the service, and a new run can attach to its status URL`,
    ...(monitor.operationId === undefined ? {} : { operationId: monitor.operationId }),
    statusUrl: monitor.statusUrl,
  };
}

/** Now, in workflow time. */
export function isoNow(): string {
  return new Date().toISOString();
}

/** An operation that ended with its submit has no status URL; what is still to be read of it goes through the loop all the same. */
export function endedMonitor(connection: string, { operationId }: Outcome): Monitor {
  return { connection, statusUrl: '', style: 'resource', operationId, acceptedAtMs: Date.now() };
}
