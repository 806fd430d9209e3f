/**
 * Looking for what an uncertain submit may have made: at the service itself, by a key, tag or name. [protocol.md section 4, "uncertain"]
 *
 * Keeps true:
 * 1. Only one entry that matches is followed; where several do, nobody can say which is meant, and none is.
 * 2. What was not there is proof of absence only where the file says so, after two looks of which the last came `settleSeconds` after the
 *    submit or later, and only when all that the service has was seen.
 * 3. An answer that cannot be read is no look: neither is one that is to be the job itself, and names nothing to poll.
 */
import type { Json, TroubleKind } from '../contract';
import { passesByItself, type Exchange } from './answer';
import { attachedMonitor } from './attach';
import { firstUrl, namesOf, requestsOf, whatItHad } from './dialect-status';
import { requestLine } from './ends';
import { scalarText, textOf, urlOf, valueOf, type SubmittedRequest } from './expressions';
import type { Find } from './find-rules';
import type { Accepted, SubmitContext, Trouble } from './monitor';
import { operationIdOf } from './outcome';
import { ReadAnswer } from './read-answer';
import { backoffWait, isThrottled, nextWait, type WaitReason } from './retry-after';
import type { ProtocolSettings } from './settings';
import { absoluteUrl, lastSegment, namedStatusUrl, samePath } from './status-url';
import { styleOf } from './styles';
import { isPlain } from './text';

/** Beside the connection's timeout. */
const SETTLE_SECONDS = 30;
/** Clocks differ: an entry is an earlier one only when it is older by more than this. */
const CLOCK_SKEW_MS = 300_000;
const MAX_BACKOFF_SECONDS = 60;

/** The submit that is looked for. */
export interface Wanted {
  submitted: SubmittedRequest;
  idempotencyKey: string;
  /** Of its first try. */
  firstSentAtMs: number;
}

/** How far the looking has come. */
export interface Looking {
  /** When the submit ended uncertain. */
  sinceMs: number;
  /** Looks that were answered, and in which it was not there. */
  looks: number;
}

/** It is not there yet, or could not be looked for. */
export interface LookAgain {
  kind: 'lookAgain';
  waitSeconds: number;
  why: WaitReason | 'look again';
  looks: number;
  trouble?: Trouble;
}

/** The looking ends, and nothing was found. */
export interface NotFound {
  kind: 'notFound';
  /** The service has not accepted it: it may be sent again, whatever the caller said of uncertain submits. */
  isProof: boolean;
  message: string;
}

export type FindDecision = Accepted | LookAgain | NotFound;

/** What one answer says. */
export type FindPage =
  | { kind: 'read'; entries: readonly ReadAnswer[]; next?: string }
  /** `passes`: it may be another answer later. */
  | { kind: 'unreadable'; reason: string; trouble?: TroubleKind; passes: boolean; exchange: Exchange };

/** Where to look first, absolute; `undefined` where the submit lacks what the URL is made of. */
export function findUrl(find: Find, wanted: Wanted, settings: ProtocolSettings): string | undefined {
  const text = urlOf(find.url, undefined, namesFor(wanted, settings), wanted.submitted);
  return absoluteUrl(text, `${settings.trust.baseUrl.replace(/\/+$/, '')}/`, settings);
}

/** Reads one answer: its entries that match, and where the next page is. Pure; never throws. */
export function readFindPage(exchange: Exchange, find: Find, wanted: Wanted, settings: ProtocolSettings, nowMs: number): FindPage {
  const unreadable = (reason: string, passes: boolean, trouble?: TroubleKind): FindPage => ({
    kind: 'unreadable',
    reason,
    passes,
    trouble,
    exchange,
  });
  switch (exchange.kind) {
    case 'untrusted':
      return unreadable(exchange.reason, false);
    case 'noCredentials':
      return unreadable(exchange.reason, true, 'Unauthorized');
    case 'noAnswer':
      return unreadable(exchange.reason, true, exchange.waitSeconds === undefined ? 'Unreachable' : (exchange.trouble ?? 'Throttled'));
    case 'answer':
      break;
  }
  const read = new ReadAnswer(exchange);
  const { httpStatus } = exchange;
  const line = requestLine(exchange.method, exchange.url);
  if (find.items === undefined && (httpStatus === 404 || httpStatus === 410)) return { kind: 'read', entries: [] };
  if (httpStatus < 200 || httpStatus >= 300) {
    const words = read.words === undefined ? '' : `: ${read.words}`;
    const trouble = isThrottled(exchange, nowMs)
      ? 'Throttled'
      : httpStatus === 401 || httpStatus === 403
        ? 'Unauthorized'
        : passesByItself(httpStatus)
          ? 'Unreachable'
          : 'Unreadable';
    return unreadable(`${line} was answered with ${httpStatus}${words}`, true, trouble);
  }
  if (read.json === undefined) return unreadable(`the answer to ${line} ${read.lack}`, true, 'Unreadable');
  const entries = entriesOf(find, read);
  if (entries === undefined)
    return unreadable(`the answer to ${line} has no list at ${find.items?.text}; ${whatItHad(read)}`, true, 'Unreadable');
  return {
    kind: 'read',
    entries: wantedOf(entries, find, wanted, settings),
    next: find.items === undefined ? undefined : firstUrl(find.next, read, namesOf(settings, {}), settings),
  };
}

/** Each as if it were an answer of its own. */
function entriesOf({ items }: Find, read: ReadAnswer): ReadAnswer[] | undefined {
  if (items === undefined) return [read];
  const list = valueOf(items, read);
  // Where a list is empty, some leave it out.
  if (list === undefined || list === null) return typeof read.json === 'object' && read.json !== null ? [] : undefined;
  return Array.isArray(list) ? list.map((entry) => entryOf(entry, read)) : undefined;
}

function entryOf(entry: Json, { answer }: ReadAnswer): ReadAnswer {
  return new ReadAnswer({ ...answer, headers: {}, body: { text: '' } }, { kind: 'json', value: entry, cut: false });
}

function wantedOf(entries: readonly ReadAnswer[], { match, createdAt }: Find, wanted: Wanted, settings: ProtocolSettings): ReadAnswer[] {
  const names = namesFor(wanted, settings);
  const texts = match.map(({ expression, value }) => ({ expression, text: textOf(value, undefined, names, wanted.submitted) }));
  // Keys and names are compared as they are written, a number like its text. What the submit does not say matches nothing.
  return entries.filter(
    (entry) =>
      texts.every(({ expression, text }) => text !== undefined && text === scalarText(valueOf(expression, entry))) &&
      (createdAt === undefined || !isEarlier(valueOf(createdAt, entry), wanted.firstSentAtMs)),
  );
}

function isEarlier(created: Json | undefined, firstSentAtMs: number): boolean {
  const atMs =
    typeof created === 'number' ? (created < 1e11 ? created * 1000 : created) : typeof created === 'string' ? Date.parse(created) : NaN;
  return atMs < firstSentAtMs - CLOCK_SKEW_MS;
}

function namesFor({ idempotencyKey }: Wanted, settings: ProtocolSettings) {
  return { ...namesOf(settings, {}), idempotencyKey };
}

/** All that one look has come to. */
export interface Look {
  entries: readonly ReadAnswer[];
  /** There are more pages than were read. */
  isCut: boolean;
  /** Where it ended. */
  unreadable?: FindPage & { kind: 'unreadable' };
}

/** What a look means. Pure; never throws. `random` in [0, 1) jitters a backoff. */
export function decideLook(
  look: Look,
  find: Find,
  { sinceMs, looks }: Looking,
  context: SubmitContext,
  settings: ProtocolSettings & { timeoutSeconds: number },
  nowMs: number,
  random: number,
): FindDecision {
  const settledAtMs = sinceMs + (find.settleSeconds ?? settings.timeoutSeconds + SETTLE_SECONDS) * 1000;
  const notFound = (message: string, isProof = false): NotFound => ({ kind: 'notFound', isProof, message });
  const [entry, ...others] = look.entries;
  const accepted = entry && others.length === 0 ? acceptedAs(entry, find, context, settings, nowMs) : undefined;
  const unreadable = look.unreadable ?? (entry && accepted === undefined ? noJob(entry, find) : undefined);
  if (unreadable !== undefined) {
    const { reason, passes, trouble, exchange } = unreadable;
    const isOver = nowMs >= settledAtMs + settings.poll.unreadableSeconds * 1000;
    if (!passes || isOver) return notFound(`it could not be looked for: ${reason}`);
    const answer = exchange.kind === 'answer' ? exchange : undefined;
    const tries = Math.floor(Math.log2(1 + Math.max(0, nowMs - sinceMs) / 1000));
    const wait = backoffWait(answer?.headers, tries, MAX_BACKOFF_SECONDS, settings.poll, nowMs, random);
    const heldSeconds = exchange.kind === 'noAnswer' ? Math.ceil(exchange.waitSeconds ?? 0) : 0;
    return {
      kind: 'lookAgain',
      waitSeconds: Math.max(wait.waitSeconds, heldSeconds),
      why: wait.why,
      looks,
      trouble: { message: `an uncertain submit is looked for: ${reason}`, kind: trouble, httpStatus: answer?.httpStatus },
    };
  }
  if (others.length > 0) return notFound(`${look.entries.length} entries match, and nobody knows which of them it is`);
  if (entry !== undefined) {
    return accepted ?? notFound(`it was found, but the entry names nothing to poll; ${whatItHad(entry)}`);
  }
  if (looks > 0 && nowMs >= settledAtMs) {
    if (look.isCut) return notFound(`it is not on the first ${find.maxPages} pages, and there are more`);
    return notFound('it was looked for, and is not there', find.absenceIsProof);
  }
  // Twice as long after the submit as this time, and when it has settled.
  const elapsedSeconds = Math.max(1, settings.poll.minSeconds, (nowMs - sinceMs) / 1000);
  const waitSeconds = Math.ceil(Math.max(1, Math.min(elapsedSeconds, (settledAtMs - nowMs) / 1000)));
  return { kind: 'lookAgain', waitSeconds, why: 'look again', looks: looks + 1 };
}

/** Of an entry that names nothing to poll: where it is the whole answer, that may be anybody's, and another one later. */
function noJob(entry: ReadAnswer, { items }: Find): Look['unreadable'] {
  if (items !== undefined) return undefined;
  const reason = `the answer names nothing to poll; ${whatItHad(entry)}`;
  return { kind: 'unreadable', reason, passes: true, trouble: 'Unreadable', exchange: entry.answer };
}

/** The operation of an entry, as if the service had just accepted it: its next poll says how it stands. */
function acceptedAs(
  entry: ReadAnswer,
  find: Find,
  { connection, url, headers, cookies, fetchResource, finalStateVia, resultFile, method }: SubmitContext,
  settings: ProtocolSettings,
  nowMs: number,
): Accepted | undefined {
  const { dialect } = settings;
  const idTemplate = find.operationId ?? dialect?.operationId;
  const id = idTemplate === undefined ? operationIdOf(entry.json) : textOf(idTemplate, entry, {});
  const named = id === undefined || id.length > 512 || !isPlain(id) ? undefined : id;
  const locations = find.pollingLocation.length > 0 ? find.pollingLocation : (dialect?.pollingLocation ?? []);
  const statusUrl = firstUrl(locations, entry, namesOf(settings, { operationId: named }), settings, namedStatusUrl);
  if (statusUrl === undefined) return undefined;
  const operationId = named ?? lastSegment(statusUrl);
  const requests = dialect && requestsOf(entry, namesOf(settings, { statusUrl, operationId }), entry.answer.url, settings, dialect);
  if (requests !== undefined && 'lacks' in requests) return undefined;
  const attached = { connection, statusUrl, requestUrl: url, method, finalStateVia, headers, fetchResource, resultFile };
  // Its submit's answer was lost before anybody could start it; but whoever else has done so may have.
  const start = requests?.start === undefined ? undefined : { ...requests.start, mayBeTaken: true as const };
  const unread = attachedMonitor(attached, nowMs);
  // What was read at its own status URL shows its style: later JSON without a status, of a gateway, is no result then.
  const style = samePath(statusUrl, entry.answer.url) && find.items === undefined ? styleOf(unread, entry) : unread.style;
  const monitor = { ...unread, style, operationId, cookies, ...requests, start };
  return { kind: 'accepted', monitor, ...nextWait(entry.answer.headers, { ...settings.poll, defaultSeconds: 0 }, nowMs) };
}
