/**
 * A service as the worker's file describes it, and the one way to talk to it.
 *
 * Keeps true:
 * 1. Whatever the network or the service does is a value, never an error.
 * 2. Credentials, connection headers and added parameters go to trusted hosts only, at every hop anew.
 * 3. Only reads follow redirects and are repeated after a stale socket; a submit is repeated only when it was answered with 401 or 403.
 */
import type { AxiosInstance } from 'axios';
import type { Logger } from 'pino';
import type { ConnectionConfig, Limits } from '../config';
import type { Files } from '../files';
import type { Exchange, NoAnswer } from '../lro/answer';
import { cookieHeader } from '../lro/cookies';
import { retryAfterSeconds } from '../lro/retry-after';
import type { ProtocolSettings } from '../lro/settings';
import { judgeUrl, shown, withoutParameters } from '../lro/trust';
import { closeAgents, openAgents, type Agents } from '../transport/agents';
import { openAxios } from '../transport/axios-client';
import type { OpenTokenSource } from '../transport/entra';
import { redirectTarget, withParameters } from './address';
import { openCredentials, type Credentials, type Proof } from './credentials';
import { Pace, systemClock, type Clock, type PaceKind } from './pace';
import { Patience } from './patience';
import { Redactor } from './redact';
import { checkHeaders, DEFAULT_QUEUE_SECONDS, type OutgoingRequest, type Purpose } from './request';
import { send, type WireOutcome } from './send';
import { openUpload, type Upload } from './upload';
import { USER_AGENT } from './user-agent';

/** What a connection takes from its surroundings. */
export interface ConnectionSurroundings {
  /** Where body files come from. */
  files: Files;
  log?: Logger;
  /** Where `{ env: NAME }` is looked up at every call. Default `process.env`. */
  env?: NodeJS.ProcessEnv;
  clock?: Clock;
  /** Instead of `@azure/identity`. */
  openTokenSource?: OpenTokenSource;
  /** Certificates to trust instead of the system's (PEM). */
  ca?: string;
}

const MAX_REDIRECTS = 5;

const PACE_KINDS: Record<Purpose, PaceKind> = { submit: 'submit', status: 'poll', resource: 'other', cancel: 'other' };

export class Connection {
  readonly name: string;
  readonly protocol: ProtocolSettings;
  readonly limits: Limits;
  private readonly client: AxiosInstance = openAxios();
  private readonly kept: Agents;
  private readonly fresh: Agents;
  private readonly pace: Pace;
  private readonly redactor = new Redactor();
  private readonly credentials: Credentials;
  /** The header in which this connection sends its key, if it does: refused among the caller's. */
  readonly keyHeader: string | undefined;
  private readonly clock: Clock;

  constructor(
    readonly config: ConnectionConfig,
    private readonly surroundings: ConnectionSurroundings,
  ) {
    const { auth, limits, name, protocol } = config;
    this.name = name;
    this.protocol = protocol;
    this.limits = limits;
    const { env = process.env, openTokenSource, ca, clock = systemClock } = surroundings;
    const sockets = { maxSockets: limits.concurrentRequests, connectSeconds: limits.timeoutSeconds, ca };
    this.kept = openAgents({ ...sockets, keepAlive: true });
    this.fresh = openAgents({ ...sockets, keepAlive: false });
    this.clock = clock;
    this.pace = new Pace(limits, clock);
    this.credentials = openCredentials(auth, { env, redactor: this.redactor, openTokenSource, ca });
    this.keyHeader = auth.type === 'key' && auth.in === 'header' ? auth.name : undefined;
  }

  /** How long submits and polls are held in this process because the service answered 429 or 503 with `Retry-After`; 0 when they are not. */
  get heldSeconds(): number {
    return this.pace.heldSeconds;
  }

  /** Places for submits that are claimed together, see {@link Pace.enter}. */
  enter(count: number, waits: boolean): Promise<number> {
    return this.pace.enter(count, waits);
  }

  /** Gives places back. */
  leave(count: number): void {
    this.pace.leave(count);
  }

  /**
   * Sends `request` when it has its turn, and returns what came back.
   * @throws RequestRefusedError when a header cannot be sent; nothing was sent
   * @throws FileRefusedError when a body file is not allowed or not there; nothing was sent
   */
  async exchange(request: OutgoingRequest): Promise<Exchange> {
    checkHeaders(request.headers ?? {}, this.keyHeader);
    const startedAt = this.clock.now();
    const kind = request.wasHeld === true ? 'other' : PACE_KINDS[request.purpose];
    const turn = await this.pace.run(kind, request.queueSeconds ?? DEFAULT_QUEUE_SECONDS, () => this.perform(request));
    const exchange = turn.kind === 'done' ? turn.value : this.noTurn(request, turn.waitedSeconds);
    this.log(request, exchange, this.clock.now() - startedAt);
    return exchange;
  }

  /** Closes idle sockets. Exchanges that are under way end by themselves. */
  close(): void {
    closeAgents(this.kept);
    closeAgents(this.fresh);
  }

  private async perform(request: OutgoingRequest): Promise<Exchange> {
    const patience = new Patience(request.timeoutSeconds ?? this.limits.timeoutSeconds);
    try {
      const follows = request.method === 'GET' && (request.purpose === 'status' || request.purpose === 'resource');
      let url = request.url;
      for (let hop = 0; ; hop++) {
        const exchange = await this.ask(request, url, patience);
        if (exchange.kind !== 'answer') return exchange;
        const target =
          follows && hop < MAX_REDIRECTS ? redirectTarget(exchange.httpStatus, exchange.headers.location, exchange.url) : undefined;
        if (target === undefined) return exchange;
        url = target;
      }
    } finally {
      patience.stop();
    }
  }

  /** One URL: judged, with or without credentials, and once more with new ones when they are refused. */
  private async ask(request: OutgoingRequest, written: string, patience: Patience): Promise<Exchange> {
    const cut = withoutParameters(written, this.protocol.credentialParameters);
    const verdict = judgeUrl(cut, this.protocol.trust);
    if (verdict.kind === 'refused')
      return { kind: 'untrusted', url: this.redactor.clean(cut), reason: this.redactor.clean(verdict.reason) };
    if (verdict.kind === 'withoutCredentials')
      return this.answerOf(request, cut, await this.once(request, cut, undefined, patience), false);

    const url = withParameters(cut, this.config.query);
    const proof = await this.prove(this.credentials.current(), patience);
    if ('problem' in proof) return { kind: 'noCredentials', url, reason: proof.problem };
    const outcome = await this.once(request, url, proof, patience);
    if (!this.isRefusal(outcome)) return this.answerOf(request, url, outcome, true);
    const other = await this.prove(this.credentials.insteadOf(proof), patience);
    // Without other credentials the refusal itself says most.
    if (other === undefined || 'problem' in other) return this.answerOf(request, url, outcome, true);
    return this.answerOf(request, url, await this.once(request, url, other, patience), true);
  }

  /** Credentials in time, or why there are none. */
  private async prove<T extends Proof | undefined>(proof: Promise<T>, patience: Patience): Promise<T | { problem: string }> {
    try {
      // Only tokens are fetched from elsewhere.
      return await (this.credentials.areTokens ? patience.bound(proof, "getting the connection's credentials") : proof);
    } catch (error) {
      return { problem: this.redactor.clean(error instanceof Error ? error.message : String(error)) };
    }
  }

  private isRefusal(outcome: WireOutcome): boolean {
    if (outcome.kind !== 'answer') return false;
    return outcome.httpStatus === 401 || (outcome.httpStatus === 403 && this.credentials.areTokens);
  }

  /** One request, and for a read once more on a new socket when the kept one was dead. */
  private async once(request: OutgoingRequest, url: string, proof: Proof | undefined, patience: Patience): Promise<WireOutcome> {
    const upload = await openUpload(request.body, { files: this.surroundings.files, patience });
    if (upload.kind === 'unreadable')
      return { kind: 'failed', maybeSent: false, reason: upload.reason, staleSocket: false, aborted: false };
    try {
      const wire = {
        method: request.method,
        url: proof === undefined ? url : withParameters(url, proof.parameters),
        headers: this.headersOf(request, upload, proof),
        ...(upload.body === undefined ? {} : { body: upload.body }),
        signal: patience,
        maxBodyBytes: this.limits.maxBodyBytes,
      };
      const outcome = await send(this.client, { ...wire, agents: request.freshConnection === true ? this.fresh : this.kept });
      const isRead = request.method === 'GET' && request.purpose !== 'submit' && upload.body === undefined;
      const result =
        outcome.kind === 'failed' && outcome.staleSocket && isRead ? await send(this.client, { ...wire, agents: this.fresh }) : outcome;
      const failure = upload.failure();
      return result.kind === 'failed' && failure !== undefined ? { ...result, reason: failure } : result;
    } finally {
      await upload.close();
    }
  }

  /** From weak to strong: defaults, the connection's, the caller's, the body's own, credentials. */
  private headersOf(request: OutgoingRequest, upload: Upload, proof: Proof | undefined): Record<string, string> {
    const trusted = proof !== undefined;
    const cookie = trusted ? cookieHeader(request.cookies && { ...request.cookies }) : undefined;
    const layers: Readonly<Record<string, string>>[] = [
      { accept: 'application/json', 'user-agent': USER_AGENT },
      upload.defaultHeaders,
      trusted ? this.config.headers : {},
      request.headers ?? {},
      upload.headers,
      cookie === undefined ? {} : { cookie },
      proof?.headers ?? {},
    ];
    return Object.fromEntries(layers.flatMap((layer) => Object.entries(layer).map(([name, value]) => [name.toLowerCase(), value])));
  }

  private answerOf(request: OutgoingRequest, url: string, outcome: WireOutcome, trusted: boolean): Exchange {
    if (outcome.kind === 'failed') {
      const seconds = request.timeoutSeconds ?? this.limits.timeoutSeconds;
      return this.noAnswer(
        request,
        url,
        outcome.maybeSent,
        outcome.aborted ? `no answer from ${new URL(url).host} within ${seconds} s` : outcome.reason,
      );
    }
    const clean = (text: string) => this.redactor.cleanAnswer(text);
    const headers = Object.fromEntries(Object.entries(outcome.headers).map(([name, value]) => [name, clean(value)]));
    // Another host that is busy says nothing about this service.
    if (trusted && (outcome.httpStatus === 429 || outcome.httpStatus === 503))
      this.pace.hold(retryAfterSeconds(headers, this.clock.now()) ?? 0);
    return {
      kind: 'answer',
      method: request.method,
      url,
      httpStatus: outcome.httpStatus,
      headers,
      ...(trusted && outcome.setCookies.length > 0 ? { setCookies: outcome.setCookies.map(clean) } : {}),
      body: { ...outcome.body, text: clean(outcome.body.text) },
    };
  }

  /** Not sent: the service asked to be left alone, or there are too many before this one. */
  private noTurn(request: OutgoingRequest, waitedSeconds: number): Exchange {
    const { heldSeconds } = this;
    const reason =
      PACE_KINDS[request.purpose] !== 'other' && heldSeconds > 0
        ? `not sent: the service asked for a pause of all submits and polls, ${Math.ceil(heldSeconds)} s more`
        : `not sent: the connection is busy, no turn within ${Math.round(waitedSeconds)} s`;
    return { ...this.noAnswer(request, request.url, false, reason), ...(heldSeconds > 0 ? { waitSeconds: heldSeconds } : {}) };
  }

  private noAnswer(request: OutgoingRequest, url: string, maybeSent: boolean, reason: string): NoAnswer {
    const plain = withoutParameters(url, this.protocol.credentialParameters);
    return { kind: 'noAnswer', method: request.method, url: plain, maybeSent, reason: this.redactor.clean(reason) };
  }

  private log(request: OutgoingRequest, exchange: Exchange, milliseconds: number): void {
    const { log } = this.surroundings;
    if (log === undefined) return;
    const came = exchange.kind === 'answer' ? { httpStatus: exchange.httpStatus } : { problem: exchange.kind, reason: exchange.reason };
    const url = this.redactor.clean(shown(exchange.url));
    log.debug({ connection: this.name, purpose: request.purpose, method: request.method, url, milliseconds, ...came }, 'exchange');
  }
}
