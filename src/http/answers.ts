/**
 * From what came over the wire to what the rest of the worker sees.
 *
 * Keeps true: no secret of the connection leaves here, whatever the service or the network put into an answer or a reason.
 */
import type { Exchange, NoAnswer } from '../lro/answer';
import { withoutParameters } from '../lro/trust';
import { condensed } from './condense';
import { harmlessBody, harmlessHeaders, refusesCredentials } from './harmless';
import type { Redactor } from './redact';
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
  async of(request: OutgoingRequest, url: string, outcome: WireOutcome, trusted: boolean, timeoutSeconds: number): Promise<Exchange> {
    if (outcome.kind === 'refusedAddress') return this.untrusted(url, outcome.reason);
    if (outcome.kind === 'failed') {
      const reason = outcome.aborted ? `no answer from ${new URL(url).host} within ${timeoutSeconds} s` : outcome.reason;
      return this.none(request, url, outcome.maybeSent, reason);
    }
    const { httpStatus } = outcome;
    const headers = await this.cleanHeaders(outcome.headers);
    const body = await condensed({ ...outcome.body, text: await this.clean(outcome.body.text) });
    const answer = { kind: 'answer' as const, method: request.method, url, httpStatus };
    if (refusesCredentials(httpStatus)) return { ...answer, headers: harmlessHeaders(headers), body: harmlessBody(body) };
    if (!trusted || outcome.setCookies.length === 0) return { ...answer, headers, body };
    const setCookies: string[] = [];
    for (const cookie of outcome.setCookies) setCookies.push(await this.clean(cookie));
    return { ...answer, headers, setCookies, body };
  }

  private async cleanHeaders(headers: Readonly<Record<string, string>>): Promise<Record<string, string>> {
    // Together they are not long, as a rule: many small waits would cost more than the work.
    const names = Object.keys(headers);
    const total = Object.values(headers).reduce((chars, value) => chars + value.length, 0);
    const cleaned: [string, string][] = [];
    for (const name of names) {
      const value = headers[name] ?? '';
      cleaned.push([name, total > SLICE_CHARS ? await this.redactor.cleanLongAnswer(value) : this.redactor.cleanAnswer(value)]);
    }
    return Object.fromEntries(cleaned);
  }

  private clean(text: string): string | Promise<string> {
    return text.length > SLICE_CHARS ? this.redactor.cleanLongAnswer(text) : this.redactor.cleanAnswer(text);
  }

  /** @param waitSeconds how long the connection itself wants it to wait */
  none(request: OutgoingRequest, url: string, maybeSent: boolean, reason: string, waitSeconds?: number): NoAnswer {
    const plain = withoutParameters(url, this.credentialParameters);
    const answer: NoAnswer = { kind: 'noAnswer', method: request.method, url: plain, maybeSent, reason: this.redactor.clean(reason) };
    return waitSeconds === undefined ? answer : { ...answer, waitSeconds };
  }

  untrusted(url: string, reason: string): Exchange {
    return { kind: 'untrusted', url: this.redactor.clean(url), reason: this.redactor.clean(reason) };
  }
}
