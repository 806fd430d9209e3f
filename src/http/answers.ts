/**
 * From what came over the wire to what the rest of the worker sees.
 *
 * Keeps true: no secret of the connection leaves here, whatever the service or the network put into an answer or a reason.
 */
import type { Exchange, NoAnswer } from '../lro/answer';
import { withoutParameters } from '../lro/trust';
import { harmlessBody, harmlessHeaders, refusesCredentials } from './harmless';
import type { Redactor } from './redact';
import { cleanedBytes } from './redact-bytes';
import type { OutgoingRequest } from './request';
import type { WireOutcome } from './send';

export class Answers {
  constructor(
    private readonly redactor: Redactor,
    /** Query parameters that carry credentials. */
    private readonly credentialParameters: readonly string[],
  ) {}

  /** @param trusted whether the host got the credentials; only then its cookies are kept @param timeoutSeconds that the exchange had */
  of(request: OutgoingRequest, url: string, outcome: WireOutcome, trusted: boolean, timeoutSeconds: number): Exchange {
    if (outcome.kind === 'refusedAddress') return this.untrusted(url, outcome.reason);
    if (outcome.kind === 'failed') {
      const reason = outcome.aborted ? `no answer from ${new URL(url).host} within ${timeoutSeconds} s` : outcome.reason;
      return this.none(request, url, outcome.maybeSent, reason);
    }
    const { httpStatus } = outcome;
    const clean = (text: string): string => this.redactor.cleanAnswer(text);
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(outcome.headers)) headers[name] = clean(value);
    const body = { ...outcome.body, text: clean(outcome.body.text) };
    const answer = { kind: 'answer' as const, method: request.method, url, httpStatus };
    if (refusesCredentials(httpStatus)) return { ...answer, headers: harmlessHeaders(headers), body: harmlessBody(body) };
    return trusted && outcome.setCookies.length > 0
      ? { ...answer, headers, setCookies: outcome.setCookies.map(clean), body }
      : { ...answer, headers, body };
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

  /** The bytes of a long body. */
  cleaned(bytes: AsyncIterable<Buffer>, contentType: string | undefined): AsyncIterable<Buffer> {
    return cleanedBytes(bytes, contentType, (text) => this.redactor.cleanAnswer(text));
  }

  untrusted(url: string, reason: string): Exchange {
    return { kind: 'untrusted', url: this.redactor.clean(url), reason: this.redactor.clean(reason) };
  }
}
