/**
 * What the answer of a final GET means: the result of an operation that has already succeeded.
 *
 * Keeps true: whatever happens here, the operation stays succeeded; what could not be read is named with its reason.
 */
import type { Json, ResultFile, TroubleKind } from '../contract';
import { passesByItself, type Exchange } from './answer';
import { withCookies } from './cookies';
import type { Fetch } from './monitor';
import { errorMessage, errorOf } from './odata-error';
import { ReadAnswer, wantsHtml } from './read-answer';
import type { Written } from './result-file';
import type { Wait } from './retry-after';
import { backoffWait, isThrottled } from './retry-after';
import type { ProtocolSettings } from './settings';
import { kept } from './sizes';

export type FetchDecision =
  /** `file`: where the body stands; `fileProblem`: why it does not stand in the file that it was to be in. */
  | { kind: 'fetched'; value?: Json; cut: boolean; file?: ResultFile; fileProblem?: string }
  | ({ kind: 'again'; fetch: Fetch; reason: string; trouble?: TroubleKind } & Wait)
  | { kind: 'missing'; reason: string };

/** Tries of one final GET; with backoff from one second they take about a quarter of a minute. */
const MAX_ATTEMPTS = 5;
const MAX_BACKOFF_SECONDS = 8;
/** Of one whose body goes to a file, where what went wrong may pass: a full disk, a store that is away. An hour in all. */
const MAX_FILE_ATTEMPTS = 20;
const MAX_FILE_BACKOFF_SECONDS = 300;

/** Whether an answer of this status is what was to be read. */
export function isRead(httpStatus: number): boolean {
  return httpStatus >= 200 && httpStatus < 300 && httpStatus !== 202;
}

/** Decides what the answer of a final GET means. Pure; never throws. @param written what came of the file that its body goes to */
export function decideFetch(
  exchange: Exchange,
  fetch: Fetch,
  settings: ProtocolSettings,
  nowMs: number,
  random: number,
  written?: Written,
): FetchDecision {
  if (exchange.kind === 'untrusted') return { kind: 'missing', reason: `refused: ${exchange.reason}` };
  const answer = exchange.kind === 'answer' ? exchange : undefined;
  const read = answer === undefined ? undefined : new ReadAnswer(answer);
  const parsed = read?.parsed;
  const code = answer?.httpStatus ?? 0;
  const attempts = (fetch.attempts ?? 0) + 1;
  const again = (reason: string, maxBackoffSeconds: number): FetchDecision => {
    const cookies = answer === undefined ? fetch.cookies : withCookies(fetch.cookies, answer.setCookies, answer.url, nowMs);
    const wait = backoffWait(answer?.headers, attempts - 1, maxBackoffSeconds, settings.poll, nowMs, random);
    return { kind: 'again', ...wait, fetch: { ...fetch, attempts, cookies }, reason, trouble: troubleOf(exchange, nowMs) };
  };
  // What answers with a page that nobody asked for is a gateway, also where the result should be.
  const isPage = read?.isHtml === true && fetch.file === undefined && !wantsHtml(fetch.headers);
  if (parsed !== undefined && isRead(code) && parsed.kind !== 'broken' && !isPage) {
    const { value, cut } = kept(parsed);
    if (fetch.file === undefined) return { kind: 'fetched', value, cut };
    if (written?.kind === 'written')
      return { kind: 'fetched', ...(fetch.into.includes('resource') ? { value } : {}), cut, file: written.file };
    const problem = written?.reason ?? 'it was not written';
    if (written?.isFinal === true || attempts >= MAX_FILE_ATTEMPTS) return { kind: 'fetched', value, cut, fileProblem: problem };
    return again(problem, MAX_FILE_BACKOFF_SECONDS);
  }
  const reason = exchange.kind === 'answer' ? `the service answered ${code}${isPage ? ' with an HTML page' : ''}` : exchange.reason;
  // Credentials were refreshed by the try itself; a 404 can be a replica that lags behind.
  const worthRepeating = answer === undefined || code < 300 || code === 404 || passesByItself(code);
  const isPassing = answer === undefined || passesByItself(code);
  const most = fetch.file !== undefined && isPassing ? MAX_FILE_ATTEMPTS : MAX_ATTEMPTS;
  if (!worthRepeating || attempts >= most) {
    const text = errorMessage(errorOf(read?.json));
    return { kind: 'missing', reason: text === undefined ? reason : `${reason}: ${text}` };
  }
  return again(reason, most === MAX_ATTEMPTS ? MAX_BACKOFF_SECONDS : MAX_FILE_BACKOFF_SECONDS);
}

/** What a try that came to nothing says; undefined where the service answered well, and the file could not be written. */
function troubleOf(exchange: Exchange, nowMs: number): TroubleKind | undefined {
  switch (exchange.kind) {
    case 'untrusted':
      return undefined;
    case 'noCredentials':
      return 'Unauthorized';
    case 'noAnswer':
      return exchange.waitSeconds === undefined ? 'Unreachable' : (exchange.trouble ?? 'Throttled');
    case 'answer':
      if (isThrottled(exchange, nowMs)) return 'Throttled';
      if (passesByItself(exchange.httpStatus)) return 'Unreachable';
      return exchange.httpStatus >= 200 && exchange.httpStatus < 300 ? undefined : 'Unreadable';
  }
}
