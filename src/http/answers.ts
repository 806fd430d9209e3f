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

export class Answers {
  constructor(
    private readonly redactor: Redactor,
    /** Query parameters that carry credentials. */
    private readonly credentialParameters: readonly string[],
  ) {}

  /** @param trusted whether the host got the credentials; only then its cookies are kept @param timeoutSeconds that the exchange had */
  of(request: OutgoingRequest, url: string, outcome: WireOutcome, trusted: boolean, timeoutSeconds: number): Exchange | Promise<Exchange> {
    if (outcome.kind === 'refusedAddress') return this.untrusted(url, outcome.reason);
    if (outcome.kind === 'failed') {
      const reason = outcome.aborted ? `no answer from ${new URL(url).host} within ${timeoutSeconds} s` : outcome.reason;
      return this.none(request, url, outcome.maybeSent, reason);
    }
    const made = (cleaned: WireAnswer): Exchange => answerOf(request.method, url, cleaned, trusted);
    // Every poll comes by here: what is short is done at once.
    return isLong(outcome) ? this.cleanedInSlices(outcome).then(made) : made(this.cleaned(outcome));
  }

  private cleaned({ headers, setCookies, body, ...rest }: WireAnswer): WireAnswer {
    const clean = (text: string): string => this.redactor.cleanAnswer(text);
    const cleanHeaders: Record<string, string> = {};
    for (const [name, value] of Object.entries(headers)) cleanHeaders[name] = clean(value);
    const { text, utf16, ...how } = body;
    const cleaned = clean(text);
    const bytes = utf16 === undefined ? undefined : bytesOfUtf16(cleaned, utf16);
    const whole = bytes === undefined ? cleaned : unpacked(cleaned, bytes, clean(bytes));
    return { ...rest, headers: cleanHeaders, setCookies: setCookies.map(clean), body: { text: whole, ...how } };
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
  for (const value of Object.values(headers)) chars += value.length;
  for (const cookie of setCookies) chars += cookie.length;
  return chars > SLICE_CHARS;
}

/** What is kept of an answer without secrets. */
function answerOf(method: string, url: string, { httpStatus, headers, setCookies, body }: WireAnswer, trusted: boolean): Exchange {
  const answer = { kind: 'answer' as const, method, url, httpStatus };
  if (refusesCredentials(httpStatus)) return { ...answer, headers: harmlessHeaders(headers), body: harmlessBody(body) };
  return trusted && setCookies.length > 0 ? { ...answer, headers, setCookies, body } : { ...answer, headers, body };
}
