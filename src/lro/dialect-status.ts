/**
 * What a status answer means where a connection's dialect says it. [protocol.md section 6]
 *
 * Keeps true:
 * 1. What is no answer of the API (an HTML page, a body that broke off, one where nothing of what the dialect looks for is) is never an end.
 * 2. Only a rule that names the code and something of the body makes an end of an answer that is no 2xx, and never of one of
 *    {@link NEVER_ENDS}: those speak of the poll, not of the operation.
 */
import type { Json } from '../contract';
import { endedBadly } from './ends';
import { dialectErrorOf, filledIn, matches, wordOf, type Dialect, type DialectRequest, type Rule, type StatusKind } from './dialect';
import { urlOf, valueOf, type Template, type TemplateNames } from './expressions';
import type { Fetch, Monitor, NamedRequest, Outcome, Succeeded, Trouble } from './monitor';
import { outcomeOf } from './outcome';
import { wantsHtml, type ReadAnswer } from './read-answer';
import type { PollSettings, ProtocolSettings } from './settings';
import { fit } from './sizes';
import { absoluteUrl, lastSegment, namedStatusUrl } from './status-url';
import { isKnownRunning, isRunningAnywhere, wordKind } from './status-words';
import type { Reading } from './styles';
import { oneLine } from './text';
import { identityOf } from './trouble';
import { masked } from './trust';

/** Credentials, a poll that is too early or too much, gateways, what is not there (any more): section 4 says what they mean. */
export const NEVER_ENDS: readonly number[] = [401, 403, 404, 408, 410, 425, 429, 502, 503, 504];

/** Of the result a status answer names, and of a body that a dialect fills in. */
const MAX_KEPT_BYTES = 131_072;

/** Reads a 2xx. */
export function readByDialect(
  read: ReadAnswer,
  of: Pick<Monitor, 'connection' | 'headers'>,
  settings: ProtocolSettings,
  dialect: Dialect,
): Reading {
  const { httpStatus } = read.answer;
  if (read.parsed.kind === 'broken') return { kind: 'unreadable', reason: 'the answer broke off' };
  if (read.isHtml && !wantsHtml(of.headers)) return { kind: 'unreadable', reason: 'the answer is an HTML page' };
  const word = wordOf(dialect, read);
  const rule = dialect.rules.find((one) => matches(one, read));
  if (rule !== undefined) return readingAs(rule.then, word);
  if (word !== undefined) {
    const kind = wordKind(word, settings.statusWords, dialect.words);
    return kind === 'running' || kind === undefined
      ? { kind: 'running', word, note: kind === undefined ? noteOf(word, of, settings) : undefined }
      : readingAs(kind, word);
  }
  // An answer without a body says no more than its code.
  if (httpStatus === 202 && read.parsed.kind === 'empty') return { kind: 'running' };
  if (dialect.status === undefined && dialect.rules.some((one) => findsSomething(one, read))) return { kind: 'running' };
  return { kind: 'unreadable', reason: `no status: looked for ${lookedFor(dialect)}; ${whatItHad(read)}` };
}

/** What an answer that is no 2xx says of the operation's end; `undefined` where it says nothing of it. */
export function endByRule(read: ReadAnswer, dialect: Dialect): (Reading & { kind: 'ended' }) | undefined {
  if (NEVER_ENDS.includes(read.answer.httpStatus) || read.parsed.kind !== 'json') return undefined;
  // `running` says that the answer tells nothing of the end, which later rules might take it for.
  const rule = dialect.rules.find((one) => namesCodeAndBody(one) && matches(one, read));
  if (rule === undefined || (rule.then !== 'failed' && rule.then !== 'canceled')) return undefined;
  return { kind: 'ended', as: rule.then, word: wordOf(dialect, read) ?? WORDS[rule.then] };
}

/** Whether a rule may read answers that are no 2xx. */
export function namesCodeAndBody({ when }: Pick<Rule, 'when'>): boolean {
  const kinds = when.map(({ expression }) => expression.kind);
  return kinds.includes('statusCode') && when.some(({ expression, exists }) => expression.kind === 'body' && exists !== false);
}

const WORDS = { succeeded: 'Succeeded', failed: 'Failed', canceled: 'Canceled' } as const;

function readingAs(kind: StatusKind, word: string | undefined): Reading {
  return kind === 'running' ? { kind, word } : { kind: 'ended', as: kind, word: word ?? WORDS[kind] };
}

/** The code is always there. */
function findsSomething({ when }: Rule, read: ReadAnswer): boolean {
  return when.some(({ expression }) => valueOf(expression, read) !== undefined);
}

function lookedFor({ status, rules }: Dialect): string {
  const texts = [status?.text, ...rules.flatMap(({ when }) => when.map(({ expression }) => expression.text))];
  return [...new Set(texts.filter((text) => text !== undefined))].slice(0, 8).join(', ');
}

/** What an answer had, for people: names only. */
export function whatItHad(read: ReadAnswer): string {
  const { json, parsed, answer } = read;
  const names = (list: string[]): string =>
    list
      .slice(0, 12)
      .map((name) => oneLine(name, 40))
      .join(', ') + (list.length > 12 ? ', …' : '');
  const headers = names(Object.keys(answer.headers));
  let body = parsed.kind === 'empty' ? 'no body' : 'a body that is no JSON object';
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) body = `a body with ${names(Object.keys(json)) || 'no fields'}`;
  return `the answer (${answer.httpStatus}) had ${body}, and the headers ${headers || '(none)'}`;
}

function noteOf(word: string, { connection }: Pick<Monitor, 'connection'>, settings: ProtocolSettings): Trouble | undefined {
  if (isKnownRunning(word, settings.statusWords) || isRunningAnywhere(word)) return undefined;
  const message =
    `the status "${oneLine(word, 64)}" is not among the words of the dialect and counts as running; ` +
    `"statusWords" (succeeded, failed, canceled or running) of connection "${connection}" says what it means`;
  return { message, kind: 'UnknownStatus' };
}

/** The names in a dialect's templates. */
export function namesOf(settings: ProtocolSettings, monitor: { statusUrl?: string; operationId?: string }): TemplateNames {
  return { base: settings.trust.baseUrl.replace(/\/+$/, ''), statusUrl: monitor.statusUrl, operationId: monitor.operationId };
}

/** The first of `templates` whose values are all there, as an absolute URL. */
export function firstUrl(
  templates: readonly Template[],
  read: ReadAnswer,
  names: TemplateNames,
  settings: ProtocolSettings,
  toUrl = absoluteUrl,
): string | undefined {
  for (const template of templates) {
    const url = toUrl(urlOf(template, read, names), read.answer.url, settings);
    if (url !== undefined) return url;
  }
  return undefined;
}

/** The failure that an answer tells. */
export function failedByDialect(reading: Reading & { kind: 'ended' }, read: ReadAnswer, monitor: Monitor, dialect: Dialect) {
  const as = reading.as === 'canceled' ? 'canceled' : 'failed';
  return endedBadly(as, reading.word, read, identityOf(monitor, read), dialectErrorOf(dialect, read));
}

/** The success that an answer tells, with its result or where that is read. */
export function succeededByDialect(
  word: string,
  read: ReadAnswer,
  of: Pick<Monitor, 'connection' | 'headers' | 'cookies' | 'operationId' | 'fetchResource' | 'resultFile'> & { statusUrl?: string },
  settings: ProtocolSettings,
  dialect: Dialect,
): Succeeded {
  const names = namesOf(settings, of);
  const { connection, headers, cookies, resultFile } = of;
  const plain = outcomeOf(read, word, settings, false);
  const finalUrl = firstUrl(dialect.finalLocation, read, names, settings);
  const named = firstUrl(dialect.resourceLocation, read, names, settings);
  const resourceLocation = named ?? finalUrl ?? plain.resourceLocation;
  const fetch = (url: string, into: Fetch['into']): Fetch => ({
    ...{ connection, url, into, headers, cookies },
    file: into.includes('body') ? resultFile : undefined,
  });
  const resourceUrl = of.fetchResource === true ? resourceLocation : undefined;
  const fetches =
    finalUrl !== undefined && finalUrl === resourceUrl
      ? [fetch(finalUrl, ['body', 'resource'])]
      : [
          ...(finalUrl === undefined ? [] : [fetch(finalUrl, ['body'])]),
          ...(resourceUrl === undefined ? [] : [fetch(resourceUrl, ['resource'])]),
        ];
  const outcome: Outcome = {
    ...plain,
    ...resultOf(plain, read, dialect, finalUrl),
    resourceLocation,
    // A place such as `…/results` is no name of what was made.
    resourceId: named === undefined ? plain.resourceId : lastSegment(named),
    operationId: plain.operationId ?? of.operationId,
  };
  const succeeded: Succeeded = { kind: 'succeeded', outcome, shownLocation: masked(resourceLocation) };
  if (fetches.length > 0) succeeded.fetches = fetches;
  else if (resultFile !== undefined && dialect.result !== undefined) succeeded.isPart = true;
  return succeeded;
}

/** What stands where the dialect says that the result is. */
function resultOf({ truncated }: Outcome, read: ReadAnswer, dialect: Dialect, finalUrl: string | undefined): Partial<Outcome> {
  const missing = (where: string) => ({ missing: { body: `there is nothing at ${where}; ${whatItHad(read)}` } });
  const { result, finalLocation } = dialect;
  if (result === undefined) {
    return finalLocation.length > 0 && finalUrl === undefined ? missing(finalLocation.map(({ text }) => text).join(', ')) : {};
  }
  const value = valueOf(result, read);
  if (value === undefined) return missing(result.text);
  const fitted = fit(value, MAX_KEPT_BYTES);
  const cut = fitted.cut || ('cut' in read.parsed && read.parsed.cut);
  const others = (truncated ?? []).filter((field) => field !== 'body');
  const fields = cut ? [...others, 'body'] : others;
  return { body: fitted.value, truncated: fields.length === 0 ? undefined : fields };
}

/** What the polls of an operation send, and how it is started and cancelled, as the submit's answer says it; or what it lacks. @param against the URL that relative ones are resolved at */
export function requestsOf(
  read: ReadAnswer | undefined,
  names: TemplateNames,
  against: string,
  settings: ProtocolSettings,
  { poll, start, cancel }: Dialect,
): Pick<Monitor, 'poll' | 'start' | 'cancel'> | { lacks: string } {
  const body = poll?.body === undefined ? undefined : filledIn(poll.body, read, names);
  if (poll?.body !== undefined && (body === undefined || isLarge(body))) return { lacks: 'what the polls have in their body' };
  const started = requestOf(start, read, names, against, settings);
  if (start !== undefined && started === undefined) return { lacks: `what the request that starts it is made of (${start.url.text})` };
  return {
    poll: poll === undefined || poll.method === 'GET' ? undefined : { method: poll.method, body },
    start: started,
    cancel: requestOf(cancel, read, names, against, settings),
  };
}

/** A dialect's request, filled in; `undefined` where a value is not there. */
function requestOf(
  request: DialectRequest | undefined,
  read: ReadAnswer | undefined,
  names: TemplateNames,
  against: string,
  settings: ProtocolSettings,
): NamedRequest | undefined {
  if (request === undefined) return undefined;
  // Like a status URL it may carry credentials of its own.
  const url = namedStatusUrl(urlOf(request.url, read, names), against, settings);
  const body = request.body === undefined ? undefined : filledIn(request.body, read, names);
  const isWhole = request.body === undefined || (body !== undefined && !isLarge(body));
  return url === undefined || !isWhole ? undefined : { method: request.method, url, body };
}

/** They live in history, and go out with every poll. */
function isLarge(body: Json): boolean {
  return fit(body, 4096).cut;
}

/** The connection's poll settings, with the dialect's wait where the service names none: it grows with the time since the operation was accepted. */
export function pollSettingsOf(dialect: Dialect | undefined, poll: PollSettings, elapsedMs: number): PollSettings {
  if (dialect?.backoff === undefined) return poll;
  const { firstSeconds, maxSeconds, factor } = dialect.backoff;
  const grown = (Math.max(0, elapsedMs) / 1000) * (factor - 1);
  return { ...poll, defaultSeconds: Math.round(Math.max(firstSeconds, Math.min(grown, maxSeconds)) * 1000) / 1000 };
}
