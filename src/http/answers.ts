/**
 * From what came over the wire to what the rest of the worker sees.
 *
 * Keeps true: no secret of the connection leaves here, whatever the service or the network put into an answer or a reason.
 */
import type { Exchange, NoAnswer } from '../lro/answer';
import { withoutParameters } from '../lro/trust';
import { bytesOfUtf16 } from './charset';
import { condensed } from './condense';
import { harmlessBody, harmlessHeaders, refusesCredentials } from './harmless';
import type { Redactor } from './redact';
import { cleanedBytes } from './redact-bytes';
import type { OutgoingRequest } from './request';
import type { WireOutcome } from './send';
import { SLICE_CHARS } from './slices';

const KEPT_VALUES = 500;
const KEPT_VALUE_CHARS = 100;

/** Most values of headers are the same in every answer. */
class CleanedValues {
  private readonly known = new Map<string, string>();
  private revision = 0;

  constructor(private readonly redactor: Redactor) {}

  cleaned(value: string): string {
    const { known, redactor } = this;
    if (this.revision !== redactor.revision || known.size >= KEPT_VALUES) known.clear();
    this.revision = redactor.revision;
    const before = known.get(value);
    if (before !== undefined) return before;
    const cleaned = redactor.cleanAnswer(value);
    if (value.length <= KEPT_VALUE_CHARS) known.set(value, cleaned);
    return cleaned;
  }
}

export class Answers {
  private readonly headerValues: CleanedValues;

  constructor(
    private readonly redactor: Redactor,
    /** Query parameters that carry credentials. */
    private readonly credentialParameters: readonly string[],
  ) {
    this.headerValues = new CleanedValues(redactor);
  }

  /** @param trusted whether the host got the credentials; only then its cookies are kept @param timeoutSeconds that the exchange had */
  of(request: OutgoingRequest, url: string, outcome: WireOutcome, trusted: boolean, timeoutSeconds: number): Exchange | Promise<Exchange> {
    if (outcome.kind === 'refusedAddress') return this.untrusted(url, outcome.reason);
    if (outcome.kind === 'failed') {
      const reason = outcome.aborted ? `no answer from ${new URL(url).host} within ${timeoutSeconds} s` : outcome.reason;
      return this.none(request, url, outcome.maybeSent, reason);
    }
    const { method } = request;
    // Every poll comes by here: what is short is done at once.
    if (!isLong(outcome)) return answerOf(method, url, this.cleaned(outcome), trusted);
    return this.cleanedInSlices(outcome).then((cleaned) => answerOf(method, url, cleaned, trusted));
  }

  private cleaned({ kind, httpStatus, headers, setCookies, body: { text, utf16, cutBy } }: WireAnswer): WireAnswer {
    const clean = (dirty: string): string => this.redactor.cleanAnswer(dirty);
    const cleaned = clean(text);
    const bytes = utf16 === undefined ? undefined : bytesOfUtf16(cleaned, utf16);
    const whole = bytes === undefined ? cleaned : unpacked(cleaned, bytes, clean(bytes));
    const body = cutBy === undefined ? { text: whole } : { text: whole, cutBy };
    return { kind, httpStatus, headers: this.cleanHeaders(headers), setCookies: setCookies.map(clean), body };
  }

  /** The same object where there is nothing to mask. */
  private cleanHeaders(headers: Record<string, string>): Record<string, string> {
    let clean = headers;
    for (const name in headers) {
      const value = headers[name] ?? '';
      const cleaned = this.headerValues.cleaned(value);
      if (cleaned !== value) clean = { ...clean, [name]: cleaned };
    }
    return clean;
  }

  private async cleanedInSlices({ headers, setCookies, body, ...rest }: WireAnswer): Promise<WireAnswer> {
    const clean = (text: string): Promise<string> => this.redactor.cleanLongAnswer(text);
    const cleanHeaders: Record<string, string> = {};
    for (const [name, value] of Object.entries(headers)) cleanHeaders[name] = await clean(value);
    const cleanCookies: string[] = [];
    for (const cookie of setCookies) cleanCookies.push(await clean(cookie));
    const { text, utf16, ...how } = body;
    const cleaned = await clean(text);
    const bytes = utf16 === undefined ? undefined : bytesOfUtf16(cleaned, utf16);
    const whole = bytes === undefined ? cleaned : unpacked(cleaned, bytes, await clean(bytes));
    return { ...rest, headers: cleanHeaders, setCookies: cleanCookies, body: await condensed({ text: whole, ...how }) };
  }

  none(request: OutgoingRequest, url: string, maybeSent: boolean, reason: string): NoAnswer {
    const plain = withoutParameters(url, this.credentialParameters);
    return { kind: 'noAnswer', method: request.method, url: plain, maybeSent, reason: this.redactor.clean(reason) };
  }

  /** Not sent, because the connection itself wants it to wait. */
  held(request: OutgoingRequest, reason: string, waitSeconds: number, trouble?: NoAnswer['trouble']): NoAnswer {
    const answer = { ...this.none(request, request.url, false, reason), waitSeconds };
    return trouble === undefined ? answer : { ...answer, trouble };
  }

  /** The bytes of a body that goes to a file. */
  cleanedFile(bytes: AsyncIterable<Buffer>, contentType: string | undefined): AsyncIterable<Buffer> {
    return cleanedBytes(bytes, contentType, (text) => this.redactor.cleanAnswer(text));
  }

  untrusted(url: string, reason: string): Exchange {
    return { kind: 'untrusted', url: this.redactor.clean(url), reason: this.redactor.clean(reason) };
  }
}

/** Bytes that are no UTF-16 hide a secret two characters in one. They are shown as they are then, without it. */
function unpacked(text: string, bytes: string, cleanBytes: string): string {
  return cleanBytes === bytes ? text : cleanBytes;
}

type WireAnswer = WireOutcome & { kind: 'answer' };

/** Whether it would keep the event loop busy for more than some milliseconds. */
function isLong({ headers, setCookies, body }: WireAnswer): boolean {
  let chars = body.text.length;
  for (const name in headers) chars += headers[name]?.length ?? 0;
  for (const cookie of setCookies) chars += cookie.length;
  return chars > SLICE_CHARS;
}

/** What is kept of an answer without secrets. */
function answerOf(method: string, url: string, { httpStatus, headers, setCookies, body }: WireAnswer, trusted: boolean): Exchange {
  if (refusesCredentials(httpStatus))
    return { kind: 'answer', method, url, httpStatus, headers: harmlessHeaders(headers), body: harmlessBody(body) };
  const answer: Exchange = { kind: 'answer', method, url, httpStatus, headers, body };
  return trusted && setCookies.length > 0 ? { ...answer, setCookies } : answer;
}
