/**
 * How a limiter hands out windows. Pure: the time is passed in, and what is remembered is plain JSON.
 *
 * Keeps true:
 * 1. All windows that may still be in use come to no more than the limits, whether or not their workers have heard of a later one.
 * 2. Who wants less than its even part leaves the rest to the others; nobody is without a place for ever.
 * 3. What is remembered is bounded: by {@link MAX_WORKERS}, each with two windows.
 */
import { divided, lesser, ratesOf, type Rates } from './rates';
import { MAX_WORKERS, windowLengths, type Hold, type Window, type WindowRequest } from './windows';

/** A part of the limits is kept for those who come: they need not wait until the windows of the others are over. */
const KEPT_PART = 0.05;

interface Grant {
  rates: Rates;
  untilMs: number;
}

interface Member {
  worker: string;
  limits: Rates;
  wanted: Rates;
  grants: Grant[];
  /** When it last got a place for a request. */
  servedAtMs: number;
  hold?: { httpStatus: number; untilMs: number };
}

/** What a limiter remembers. */
export interface Allotment {
  /** Of the limiter's first start. */
  sinceMs: number;
  members: Member[];
}

/** @param nowMs of the limiter's first start */
export function noAllotment(nowMs: number): Allotment {
  return { sinceMs: nowMs, members: [] };
}

/** Whether there is room for this worker. */
export function hasRoomFor({ members }: Allotment, worker: string, nowMs: number): boolean {
  const living = members.filter((member) => isLiving(member, nowMs));
  return living.length < MAX_WORKERS || living.some((member) => member.worker === worker);
}

/** The window for a worker, and what is to be remembered. */
export function allot(before: Allotment, request: WindowRequest, nowMs: number): { after: Allotment; window: Window } {
  const { worker, limits, wanted, hold } = request;
  const others = before.members.filter((member) => member.worker !== worker && isLiving(member, nowMs));
  const known = before.members.find((member) => member.worker === worker);
  const member: Member = {
    worker,
    limits,
    wanted,
    grants: known?.grants.filter(({ untilMs }) => untilMs > nowMs) ?? [],
    servedAtMs: known?.servedAtMs ?? 0,
    hold: hold && { httpStatus: hold.httpStatus, untilMs: nowMs + hold.seconds * 1000 },
  };
  const whole = others.reduce((least, other) => lesser(least, other.limits), limits);
  const even = evenParts([member, ...others], whole);
  const left = ratesOf((rate) => Math.max(0, whole[rate] - sum(others.map(({ grants }) => most(grants, rate)))));
  const lengths = windowLengths(others.length + 1);
  let rates = lesser(even, left);
  // Windows of an earlier limiter, which was terminated, may still be in use.
  if (nowMs < before.sinceMs + windowLengths(Math.min(MAX_WORKERS, request.workers)).seconds * 1000)
    rates = lesser(rates, beforeKnown(request));
  member.grants = withGrant(member.grants, { rates, untilMs: nowMs + lengths.seconds * 1000 });
  if (rates.concurrentRequests > 0) member.servedAtMs = nowMs;
  return { after: { ...before, members: [...others, member] }, window: { rates, ...lengths, hold: holdOf(others, nowMs) } };
}

/** What is safe for a worker while nobody knows what the others hold. */
function beforeKnown({ held, limits, workers }: WindowRequest): Rates {
  const part = divided(limits, workers);
  return held === undefined ? part : lesser(held, part);
}

/** The even part of the first member. */
function evenParts(members: readonly Member[], whole: Rates): Rates {
  const wants = (rate: keyof Rates): number[] => members.map(({ wanted }) => wanted[rate]);
  const free = ratesOf((rate) => whole[rate] * (1 - KEPT_PART));
  const requests = Math.ceil(free.concurrentRequests);
  return {
    ...ratesOf((rate) => levelled(wants(rate), free[rate])[0] ?? 0),
    concurrentRequests: wholeParts(levelled(wants('concurrentRequests'), requests), requests, members)[0] ?? 0,
  };
}

/** Parts of `whole`, as equal as the wants allow. */
function levelled(wants: readonly number[], whole: number): number[] {
  const parts = wants.map(() => 0);
  const order = wants.map((_, index) => index).sort((one, other) => (wants[one] ?? 0) - (wants[other] ?? 0));
  let left = whole;
  for (const [position, index] of order.entries()) {
    const part = Math.min(wants[index] ?? 0, left / (order.length - position));
    parts[index] = part;
    left -= part;
  }
  return parts;
}

/** Requests cannot be split: what is over goes, one each, to those who have waited longest. */
function wholeParts(parts: readonly number[], whole: number, members: readonly Member[]): number[] {
  const wholes = parts.map(Math.floor);
  let left = Math.round(Math.min(whole, sum(parts))) - sum(wholes);
  const order = parts.map((_, index) => index).sort((one, other) => (members[one]?.servedAtMs ?? 0) - (members[other]?.servedAtMs ?? 0));
  for (const index of order) {
    if (left > 0 && (parts[index] ?? 0) > (wholes[index] ?? 0)) {
      wholes[index] = (wholes[index] ?? 0) + 1;
      left--;
    }
  }
  return wholes;
}

/** A worker that has not heard of its latest window goes on with the one before: of earlier ones only what is more counts. */
function withGrant(grants: readonly Grant[], latest: Grant): Grant[] {
  if (grants.length === 0) return [latest];
  const earlier = { rates: ratesOf((rate) => most(grants, rate)), untilMs: Math.max(...grants.map(({ untilMs }) => untilMs)) };
  return [earlier, latest];
}

function holdOf(others: readonly Member[], nowMs: number): Hold | undefined {
  const holds = others.flatMap(({ hold }) => (hold !== undefined && hold.untilMs > nowMs ? hold : []));
  const longest = holds.sort((one, other) => other.untilMs - one.untilMs)[0];
  return longest && { httpStatus: longest.httpStatus, seconds: (longest.untilMs - nowMs) / 1000 };
}

function isLiving({ grants }: Member, nowMs: number): boolean {
  return grants.some(({ untilMs }) => untilMs > nowMs);
}

function most(grants: readonly Grant[], rate: keyof Rates): number {
  return Math.max(0, ...grants.map(({ rates }) => rates[rate]));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
