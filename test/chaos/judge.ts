/**
 * Whether every operation ended once and right, by what its caller was told and what the service has on record.
 *
 * Keeps true: an excuse is as narrow as can be said from outside. An answer counts as unknown to the workflow only where something was
 * done to the system between its leaving the service and the time by which Temporal has it.
 */
import type { RecordedRequest } from '../../src/emulator';
import { isTerminal, statusAt } from '../../src/emulator/operation';
import type { Disruption } from './journal';
import { PLANNED_ERROR, type Told } from './operations';
import type { OnRecord, ServiceRecord } from './record';

/** By then an answer is in Temporal: a set of polls is one activity, which ends with its slowest. */
const TOLD_WITHIN_MS = 12_000;
/** A submit goes out so long after its claim, at most: an activity that Temporal has given up meanwhile tells it nothing. */
const CLAIMED_BEFORE_MS = 15_000;
/** The service's clock has fractions of milliseconds, timers may not. */
const TOLERANCE_MS = 1;

export interface Verdict {
  /** One line each: what must not be. */
  wrongs: string[];
  /** By end. */
  ends: Map<string, number>;
  submits: { sent: number; again: number; refused: number };
  polls: {
    total: number;
    /** With a `Retry-After` before them, and nobody who hurried them. */
    judged: number;
    /** Of those: nothing was done to the system near the answer before, so nothing would have excused them. */
    firm: number;
    /** Early, after an answer that may never have arrived. */
    excused: number;
    /** Of those that may not be early: the least time after their due time, in milliseconds. */
    closestMs: number;
  };
  /** Uncertain submits that were found, or sent again because there was nothing. */
  found: number;
}

export function judge(told: readonly Told[], record: ServiceRecord, disruptions: readonly Disruption[], nowMs: number): Verdict {
  const verdict: Verdict = {
    wrongs: [],
    ends: new Map(),
    submits: { sent: 0, again: 0, refused: 0 },
    polls: { total: 0, judged: 0, firm: 0, excused: 0, closestMs: Infinity },
    found: 0,
  };
  const seen = new Set<string>();
  for (const one of told) {
    const { name } = one.wanted;
    if (seen.has(name)) verdict.wrongs.push(`${name} ended twice`);
    seen.add(name);
    verdict.ends.set(one.end, (verdict.ends.get(one.end) ?? 0) + 1);
    const of = record.byName.get(name) ?? { submits: [], polls: [], operations: [] };
    judgeEnd(one, of, disruptions, nowMs, verdict);
    judgeSubmits(one, of, verdict);
    judgePolls(one, of, disruptions, verdict);
  }
  for (const name of record.byName.keys()) if (!seen.has(name)) verdict.wrongs.push(`${name} is on record, and nobody was told of its end`);
  return verdict;
}

function judgeEnd(told: Told, of: OnRecord, disruptions: readonly Disruption[], nowMs: number, { wrongs }: Verdict): void {
  const { wanted, end, operationId, resourceLocation } = told;
  const wrong = (what: string): void => void wrongs.push(`${wanted.name} (${wanted.kind}, ${wanted.mode}, ${wanted.connection}): ${what}`);
  const [made] = of.operations;
  const status = made && statusAt(made, nowMs);
  switch (end) {
    case 'Succeeded':
      if (made === undefined) return wrong('told of success, and the service made nothing');
      if (wanted.ends !== 'Succeeded' || status !== 'Succeeded') wrong(`told of success, at the service ${String(status)}`);
      if (operationId !== made.operationId) wrong(`told of operation ${String(operationId)}, the service made ${made.operationId}`);
      if (made.resourcePath === undefined || resourceLocation?.endsWith(made.resourcePath) !== true)
        wrong(`told of ${String(resourceLocation)}, the service made ${String(made.resourcePath)}`);
      return;
    case 'OperationFailed':
      if (wanted.ends !== 'Failed' || status !== 'Failed' || told.errorCode !== PLANNED_ERROR)
        wrong(`told of failure ${String(told.errorCode)}, at the service ${String(status)}`);
      return;
    case 'OperationCanceled':
    case 'Canceled':
      if (!wanted.canceled) wrong(`ended as canceled, which nobody asked: ${String(told.message)}`);
      else if (status !== undefined && !isTerminal(status)) wrong(`canceled, and still ${status} at the service`);
      return;
    case 'SubmissionUncertain':
      if (wanted.mode !== 'fail') wrong('uncertain, though it may be sent again');
      if (wanted.connection === 'found') wrong(`uncertain, though it can be looked for: ${String(told.message)}`);
      if (of.submits.some((submit) => wasClear(submit) && !mayBeUnknown(submit.answeredAtMs ?? 0, disruptions, CLAIMED_BEFORE_MS)))
        wrong('uncertain, though its submit was answered, and nothing kept the answer away');
      return;
    default:
      wrong(`ended as ${end}: ${String(told.message)}`);
  }
}

function judgeSubmits({ wanted }: Told, { submits, operations }: OnRecord, verdict: Verdict): void {
  const wrong = (what: string): void => void verdict.wrongs.push(`${wanted.name} (${wanted.mode}, ${wanted.connection}): ${what}`);
  const refused = submits.filter(({ httpStatus, operationId }) => REFUSALS.has(httpStatus ?? 0) && operationId === undefined);
  const sent = submits.length - refused.length;
  verdict.submits.sent += sent;
  verdict.submits.again += Math.max(0, sent - 1);
  verdict.submits.refused += refused.length;
  if (operations.length > 1) wrong(`the service made ${operations.length} operations of it`);
  if (new Set(submits.map(({ headers }) => headers['operation-id'])).size > 1) wrong('its submits have different keys');
  const repeated = (operations[0]?.submitCount ?? 0) > 1;
  if (wanted.mode === 'fail' && wanted.connection === 'maps' && sent > 1) wrong(`${sent} submits, where one is the most`);
  // What is looked for first is sent again only where the service has made nothing.
  if (wanted.mode === 'fail' && wanted.connection === 'found' && repeated) wrong('sent again after the service had made it');
  if (wanted.connection === 'found' && submits.some(({ httpStatus, cut }) => cut === true || (httpStatus ?? 500) >= 500)) verdict.found++;
}

/** Answers that say that nothing was made. */
const REFUSALS = new Set([401, 429, 503]);

function wasClear({ httpStatus, answeredAtMs, cut }: RecordedRequest): boolean {
  return cut !== true && answeredAtMs !== undefined && httpStatus === 202;
}

/** Nothing of an operation comes before the `Retry-After` of its last answer is over, by the service's clock. */
function judgePolls({ wanted }: Told, { submits, polls }: OnRecord, disruptions: readonly Disruption[], verdict: Verdict): void {
  verdict.polls.total += polls.length;
  if (wanted.hurried || wanted.canceled) return;
  const all = [...submits, ...polls].sort((one, other) => one.receivedAtMs - other.receivedAtMs);
  for (const request of [...polls, ...submits.slice(1)]) {
    const before = lastAnswered(all, request.receivedAtMs);
    const dueAtMs = before && dueAfter(before);
    if (before === undefined || dueAtMs === undefined) continue;
    verdict.polls.judged++;
    const isExcused = mayBeUnknown(before.answeredAtMs ?? 0, disruptions);
    if (!isExcused) verdict.polls.firm++;
    const lateMs = request.receivedAtMs - dueAtMs;
    if (lateMs >= -TOLERANCE_MS) verdict.polls.closestMs = Math.min(verdict.polls.closestMs, lateMs);
    else if (isExcused) verdict.polls.excused++;
    else {
      const line = `${request.method} ${request.path} came ${(-lateMs).toFixed(1)} ms before it was due (Retry-After: ${String(before.retryAfter)})`;
      verdict.wrongs.push(`${wanted.name} (${wanted.kind}): ${line}`);
    }
  }
}

/** The last answer that was complete when a request came. */
function lastAnswered(all: readonly RecordedRequest[], atMs: number): RecordedRequest | undefined {
  let last: RecordedRequest | undefined;
  for (const request of all) {
    const { answeredAtMs = Infinity } = request;
    if (answeredAtMs < atMs && answeredAtMs > (last?.answeredAtMs ?? -Infinity)) last = request;
  }
  return last;
}

/** When the service wants to be asked next; a date has no fractions of seconds. */
function dueAfter({ answeredAtMs = 0, retryAfter }: RecordedRequest): number | undefined {
  if (retryAfter === undefined) return undefined;
  return /^\d+$/.test(retryAfter) ? answeredAtMs + Number(retryAfter) * 1000 : Date.parse(retryAfter);
}

function mayBeUnknown(answeredAtMs: number, disruptions: readonly Disruption[], beforeMs = TOLERANCE_MS): boolean {
  return disruptions.some(({ fromMs, toMs }) => fromMs <= answeredAtMs + TOLD_WITHIN_MS && toMs >= answeredAtMs - beforeMs);
}
