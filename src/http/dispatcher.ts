/**
 * One exchange once it has its turn: its hops, each judged anew, with credentials or without.
 *
 * Keeps true:
 * 1. Credentials, connection headers, cookies, the caller's headers and added parameters go to trusted hosts only; other hosts are read by GET alone.
 *    So do the ids of the request and of its trace.
 * 2. Only reads follow redirects and are repeated after a stale socket; a submit is repeated only when it was answered with 401 or 403.
 */
import { randomUUID } from 'node:crypto';
import type { AxiosInstance } from 'axios';
import type { ConnectionConfig } from '../config';
import type { Files } from '../files';
import type { Exchange } from '../lro/answer';
import { cookieHeader } from '../lro/cookies';
import { bodyWithCallback, headersWithCallback, urlWithCallback } from '../lro/callback-url';
import { judgeUrl, withoutParameters } from '../lro/trust';
import type { Agents } from '../transport/agents';
import { openAxios } from '../transport/axios-client';
import { redirectTarget, withParameters } from './address';
import type { Answers } from './answers';
import { NOTHING, type AppliedCredentials, type Credentials } from './credentials';
import { ExchangeTimeout } from './exchange-timeout';
import { refusesCredentials } from './harmless';
import { NO_TRACER, type HttpTracer } from './http-tracer';
import type { Report } from './rate-limiter';
import type { Redactor } from './redact';
import { PlainReads } from './plain-reads';
import { CLIENT_REQUEST_ID, type OutgoingRequest } from './request';
import { send, sendRead, type WireAnswer, type WireOutcome, type WireRequest } from './send';
import { openUpload, type Upload } from './upload';
import { USER_AGENT } from './user-agent';

const MAX_REDIRECTS = 5;

export interface DispatcherDependencies {
  config: ConnectionConfig;
  files: Files;
  credentials: Credentials;
  redactor: Redactor;
  answers: Answers;
  tracer: HttpTracer;
  /** Sockets that are kept open, and new ones. */
  kept: Agents;
  fresh: Agents;
}

/** A read that was sent the short way, and is to go on the long one. */
interface FirstRead {
  /** Without credentials. */
  url: string;
  applied: AppliedCredentials;
  outcome: WireOutcome;
}

export class Dispatcher {
  private readonly client: AxiosInstance = openAxios();
  private readonly plainReads: PlainReads | undefined;

  constructor(private readonly dependencies: DispatcherDependencies) {
    const { config, tracer, kept } = dependencies;
    const headers = lowerCased([OWN_HEADERS, config.headers]);
    // A tracer sees each request before it goes; who names an id for all of them has no use for this one's.
    const isPlain = tracer === NO_TRACER && headers[CLIENT_REQUEST_ID] === undefined;
    this.plainReads = isPlain ? new PlainReads(config, headers, kept) : undefined;
  }

  /** Sends `request` and returns what came back. @throws FileRefusedError when a body file is not allowed or not there; nothing was sent */
  async dispatch(request: OutgoingRequest, report: Report): Promise<Exchange> {
    const timeout = new ExchangeTimeout(request.timeoutSeconds ?? this.dependencies.config.limits.timeoutSeconds);
    try {
      const first = await this.readPlainly(request, timeout, report);
      if (first !== undefined && 'kind' in first) return first;
      const follows = request.method === 'GET' && (request.purpose === 'status' || request.purpose === 'resource');
      let url = request.url;
      for (let hop = 0; ; hop++) {
        const { exchange, redirect } = await this.ask(request, url, timeout, report, hop === 0 ? first : undefined);
        // Often a login page. The redirect itself says more than that its target is refused.
        const leads = redirect !== undefined && judgeUrl(redirect, this.dependencies.config.protocol.trust).kind !== 'refused';
        if (!leads || !follows || hop >= MAX_REDIRECTS) return exchange;
        url = redirect;
      }
    } finally {
      timeout.stop();
    }
  }

  /** A read that is nothing special: what came of it, where nothing more is to be sent. Undefined: it is not sent this way. */
  private async readPlainly(request: OutgoingRequest, timeout: ExchangeTimeout, report: Report): Promise<Exchange | FirstRead | undefined> {
    const { config, credentials } = this.dependencies;
    const url = this.plainReads?.urlOf(request);
    if (url === undefined || this.plainReads === undefined) return undefined;
    const applied = config.protocol.statusUrls.credentials ? await this.resolve(credentials.current(), timeout) : NOTHING;
    if ('problem' in applied) return { kind: 'noCredentials', url, reason: applied.problem };
    const clientRequestId = randomUUID();
    request.onSent?.(clientRequestId);
    const target = this.plainReads.targetOf(url, applied, clientRequestId);
    const outcome = await sendRead(target, timeout, config.limits.maxBodyBytes);
    if (!isPlain(outcome)) return { url, applied, outcome };
    reportLoad(outcome, report);
    return this.exchangeOf(request, url, outcome, applied, timeout);
  }

  /** One URL: judged, with or without credentials, and once more with new ones when they are refused. */
  private async ask(
    request: OutgoingRequest,
    written: string,
    timeout: ExchangeTimeout,
    report: Report,
    first?: FirstRead,
  ): Promise<{ exchange: Exchange; redirect?: string }> {
    const { config, answers, credentials } = this.dependencies;
    const isNamed = request.purpose === 'status' || request.purpose === 'start' || request.namedByService === true;
    const carriesOwn = isNamed && !config.protocol.statusUrls.credentials;
    const cut = carriesOwn ? written : withoutParameters(written, config.protocol.credentialParameters);
    const verdict = judgeUrl(cut, config.protocol.trust);
    if (verdict.kind === 'refused') return { exchange: answers.untrusted(cut, verdict.reason) };
    if (verdict.kind === 'withoutCredentials') {
      if (request.method !== 'GET' || request.body !== undefined)
        return { exchange: answers.untrusted(cut, `${request.method} goes to trusted hosts only; other hosts are read by GET`) };
      return this.answered(request, cut, await this.once(request, cut, undefined, timeout), undefined, timeout);
    }
    const url = withParameters(cut, config.query);
    const applied = first?.applied ?? (carriesOwn ? NOTHING : await this.resolve(credentials.current(), timeout));
    if ('problem' in applied) return { exchange: { kind: 'noCredentials', url, reason: applied.problem } };
    const outcome = await this.once(request, url, applied, timeout, first?.outcome);
    // Another host that is busy says nothing about this service.
    reportLoad(outcome, report);
    if (carriesOwn || !this.isRefusal(outcome)) return this.answered(request, url, outcome, applied, timeout);
    const other = await this.resolve(credentials.insteadOf(applied), timeout);
    // Without other credentials the refusal itself says most.
    if (other === undefined || 'problem' in other) return this.answered(request, url, outcome, applied, timeout);
    const second = await this.once(request, url, other, timeout);
    reportLoad(second, report);
    return this.answered(request, url, second, other, timeout);
  }

  private async answered(
    request: OutgoingRequest,
    url: string,
    outcome: WireOutcome,
    applied: AppliedCredentials | undefined,
    timeout: ExchangeTimeout,
  ): Promise<{ exchange: Exchange; redirect?: string }> {
    const exchange = await this.exchangeOf(request, url, outcome, applied, timeout);
    if (exchange.kind !== 'answer') return { exchange };
    return { exchange, redirect: redirectTarget(exchange.httpStatus, exchange.headers['location'], exchange.url) };
  }

  private exchangeOf(
    request: OutgoingRequest,
    url: string,
    outcome: WireOutcome,
    applied: AppliedCredentials | undefined,
    timeout: ExchangeTimeout,
  ): Exchange | Promise<Exchange> {
    // An answer may come when its own credentials are no longer among the latest.
    this.dependencies.redactor.add(applied?.secret ?? '');
    return this.dependencies.answers.of(request, url, outcome, applied !== undefined, timeout.seconds);
  }

  /** Credentials in time, or why there are none. */
  private async resolve<T extends AppliedCredentials | undefined>(
    credentials: Promise<T>,
    timeout: ExchangeTimeout,
  ): Promise<T | { problem: string }> {
    try {
      // Only tokens are fetched from elsewhere.
      return await (this.dependencies.credentials.areTokens
        ? timeout.bound(credentials, "getting the connection's credentials")
        : credentials);
    } catch (error) {
      return { problem: this.dependencies.redactor.clean(error instanceof Error ? error.message : String(error)) };
    }
  }

  private isRefusal(outcome: WireOutcome): boolean {
    if (outcome.kind !== 'answer' || !refusesCredentials(outcome.httpStatus)) return false;
    return outcome.httpStatus === 401 || this.dependencies.credentials.areTokens;
  }

  /**
   * One request, and for a read once more on a new socket when the kept one was dead.
   * @param applied absent for a host that is not trusted @param first what came of it, where it was sent already
   */
  private async once(
    request: OutgoingRequest,
    url: string,
    applied: AppliedCredentials | undefined,
    timeout: ExchangeTimeout,
    first?: WireOutcome,
  ): Promise<WireOutcome> {
    const { files, kept, fresh, config } = this.dependencies;
    const filled = applied === undefined ? request : withCallback(request);
    const upload = await openUpload(filled.body, { files, timeout });
    if (upload.kind === 'unreadable')
      return { kind: 'failed', maybeSent: false, reason: upload.reason, staleSocket: false, aborted: false };
    try {
      const wire = {
        method: request.method,
        url: applied === undefined ? url : withParameters(filledUrl(url, request), applied.parameters),
        headers: applied === undefined ? lowerCased([OWN_HEADERS]) : this.headersOf(filled, url, upload, applied),
        body: upload.body,
        signal: timeout,
        maxBodyBytes: config.limits.maxBodyBytes,
        takeBody: this.takerOf(request, url, applied, timeout),
      };
      const attempt = (agents: Agents): Promise<WireOutcome> => this.attempt(request, { ...wire, agents }, url, applied !== undefined);
      const outcome = first ?? (await attempt(request.freshConnection === true ? fresh : kept));
      const isRead = request.method === 'GET' && request.purpose !== 'submit' && upload.body === undefined;
      const result = outcome.kind === 'failed' && outcome.staleSocket && isRead ? await attempt(fresh) : outcome;
      const failure = upload.failure();
      return result.kind === 'failed' && failure !== undefined ? { ...result, reason: failure } : result;
    } finally {
      await upload.close();
    }
  }

  /** One try, with an id of its own by which the service's log finds it. @param url without credentials */
  private attempt(request: OutgoingRequest, wire: WireRequest, url: string, isTrusted: boolean): Promise<WireOutcome> {
    const { config, tracer } = this.dependencies;
    const ids: Record<string, string> = isTrusted ? { [CLIENT_REQUEST_ID]: randomUUID() } : {};
    const headers = { ...ids, ...wire.headers };
    const clientRequestId = headers[CLIENT_REQUEST_ID];
    if (clientRequestId !== undefined) request.onSent?.(clientRequestId);
    const { method, purpose } = request;
    return tracer.around({ connection: config.name, purpose, method, url, isTrusted, clientRequestId }, (trace) =>
      send(this.client, { ...wire, headers: { ...trace, ...headers } }),
    );
  }

  /** Hands the body of the answer that is wanted to whoever wants it. */
  private takerOf(
    request: OutgoingRequest,
    url: string,
    applied: AppliedCredentials | undefined,
    timeout: ExchangeTimeout,
  ): WireRequest['takeBody'] {
    const { bodyTo } = request;
    if (bodyTo === undefined) return undefined;
    return async (wire: WireAnswer, bytes) => {
      const { exchange, redirect } = await this.answered(request, url, wire, applied, timeout);
      const write = exchange.kind === 'answer' && redirect === undefined ? bodyTo.writerOf(exchange) : undefined;
      if (write === undefined) return;
      const whole = bodyTo.untilSilent === true ? touching(bytes(bodyTo.signal), timeout) : bytes(bodyTo.signal);
      await write(this.dependencies.answers.cleanedFile(whole, wire.headers['content-type']));
    };
  }

  /** From weak to strong: defaults, the connection's, the caller's, the body's own, credentials. */
  private headersOf(request: OutgoingRequest, url: string, upload: Upload, { headers }: AppliedCredentials): Record<string, string> {
    const cookie = cookieHeader(request.cookies, url);
    const cookies: Record<string, string> = cookie === undefined ? {} : { cookie };
    return lowerCased([
      OWN_HEADERS,
      request.bodyTo === undefined ? {} : { accept: ANYTHING },
      upload.defaultHeaders,
      this.dependencies.config.headers,
      request.headers ?? {},
      upload.headers,
      cookies,
      headers,
    ]);
  }
}

/** An answer after which nothing more is sent. */
function isPlain(outcome: WireOutcome): boolean {
  if (outcome.kind !== 'answer') return false;
  const { httpStatus } = outcome;
  return (httpStatus < 300 || httpStatus >= 400) && !refusesCredentials(httpStatus);
}

/** Only here, on its way to the wire, does a request hold the URL at which the service calls back: like credentials it stands nowhere else. */
function withCallback(request: OutgoingRequest): OutgoingRequest {
  const { callbackUrl, headers, body } = request;
  if (callbackUrl === undefined) return request;
  return {
    ...request,
    ...(headers === undefined ? {} : { headers: headersWithCallback(headers, callbackUrl) }),
    ...(body?.kind === 'json' ? { body: { kind: 'json', value: bodyWithCallback(body.value, callbackUrl) } } : {}),
  };
}

function filledUrl(url: string, { callbackUrl }: OutgoingRequest): string {
  return callbackUrl === undefined ? url : urlWithCallback(url, callbackUrl);
}

/** Every piece shows that the other side is alive, and starts the time anew. */
async function* touching(bytes: AsyncIterable<Buffer>, timeout: ExchangeTimeout): AsyncGenerator<Buffer> {
  for await (const chunk of bytes) {
    timeout.touch();
    yield chunk;
  }
}

/** What is wanted in a file may be of any kind. */
const ANYTHING = 'application/json, */*;q=0.9';
const OWN_HEADERS = { accept: 'application/json', 'user-agent': USER_AGENT };

/** All headers with their names in lower case; of those with one name the last. */
function lowerCased(layers: readonly Readonly<Record<string, string>>[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const layer of layers) for (const [name, value] of Object.entries(layer)) headers[name.toLowerCase()] = value;
  return headers;
}

/** 429 and 503: the service has no room. An answer of another 5xx, or none, says nothing about that. */
function reportLoad(outcome: WireOutcome, report: Report): void {
  if (outcome.kind !== 'answer') return;
  const { httpStatus } = outcome;
  if (httpStatus === 429 || httpStatus === 503) report('throttled', httpStatus);
  else if (httpStatus < 500) report('good');
}
