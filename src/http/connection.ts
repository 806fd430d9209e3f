/**
 * A service as the worker's file describes it, and the one way to talk to it.
 *
 * Keeps true: whatever the network or the service does is a value, never an error.
 */
import type { LookupFunction } from 'node:net';
import type { Logger } from 'pino';
import { proxyUrl, type ConnectionConfig, type Limits } from '../config';
import type { Files } from '../files';
import type { Exchange } from '../lro/answer';
import type { TroubleKind } from '../contract';
import type { ProtocolSettings } from '../lro/settings';
import { requestIdsOf } from '../lro/request-id';
import { shown } from '../lro/trust';
import { NO_METER, type RequestMeter } from '../metrics/request-meter';
import { guardAgainstPrivate } from '../transport/addresses';
import { closeAgents, openAgents, type Agents } from '../transport/agents';
import type { OpenTokenSource } from '../transport/entra';
import { Answers } from './answers';
import { systemClock, type Clock } from './clock';
import { openCredentials, type Credentials, type CredentialsTimes } from './credentials';
import { Dispatcher } from './dispatcher';
import type { Held } from './half-open';
import { HealthLog } from './health-log';
import { NO_TRACER, type HttpTracer } from './http-tracer';
import { KeyHold } from './key-hold';
import { RateLimiter, type Turn, type TurnKind } from './rate-limiter';
import { Redactor } from './redact';
import { checkHeaders, DEFAULT_QUEUE_SECONDS, type OutgoingRequest, type Purpose } from './request';

/** What a connection is given from outside. */
export interface ConnectionDependencies {
  /** Where body files come from. */
  files: Files;
  /** What begins every secret URL at which services call back. */
  callbackMarks?: readonly string[] | undefined;
  log?: Logger;
  /** Is told of each HTTP request. Default: nobody is. */
  tracer?: HttpTracer;
  /** Where `{ env: NAME }` is looked up at every call. Default `process.env`. */
  env?: NodeJS.ProcessEnv;
  clock?: Clock;
  /** Instead of `@azure/identity`. */
  openTokenSource?: OpenTokenSource;
  /** Certificates to trust instead of the system's (PEM). */
  ca?: string;
  /** Instead of the system's resolver. */
  lookup?: LookupFunction;
  /** Counts what connections send and what comes back, by the connection's name. Default: nobody does. */
  meterOf?: (connection: string) => RequestMeter;
}

const TURN_KINDS: Record<Purpose, TurnKind> = { submit: 'submit', start: 'other', status: 'poll', resource: 'other', cancel: 'other' };

const PRIVATE_ADVICE = ', which only the host of the base URL may have ("privateHosts: allow" of the connection changes that)';

export class Connection {
  readonly name: string;
  readonly protocol: ProtocolSettings;
  readonly limits: Limits;
  /** For whoever sends over it: only that knows what an answer means. */
  readonly meter: RequestMeter;
  private readonly kept: Agents;
  private readonly fresh: Agents;
  private readonly limiter: RateLimiter;
  private readonly keyHold: KeyHold;
  /** Knows its secrets. */
  readonly redactor = new Redactor();
  private readonly answers: Answers;
  private readonly credentials: Credentials;
  private readonly dispatcher: Dispatcher;
  /** The header in which this connection sends its key, if it does: refused among the caller's. */
  readonly keyHeader: string | undefined;
  private readonly clock: Clock;
  private readonly health: HealthLog;

  constructor(
    readonly config: ConnectionConfig,
    private readonly dependencies: ConnectionDependencies,
  ) {
    const { auth, limits, name, protocol, baseUrl, privateHosts, proxy } = config;
    this.name = name;
    this.protocol = protocol;
    this.limits = limits;
    const { env = process.env, openTokenSource, ca, clock = systemClock, lookup, files, log, tracer = NO_TRACER, meterOf } = dependencies;
    this.meter = meterOf?.(name) ?? NO_METER;
    const guarding = { exempt: new URL(baseUrl).hostname, advice: PRIVATE_ADVICE, find: lookup };
    const guard = privateHosts === 'allow' ? undefined : guardAgainstPrivate(guarding);
    const sockets = {
      maxSockets: limits.concurrentRequests,
      connectSeconds: limits.timeoutSeconds,
      ca,
      guard,
      proxy: proxy && this.proxyOf(proxy.env, env),
    };
    this.kept = openAgents({ ...sockets, keepAlive: true });
    this.fresh = openAgents({ ...sockets, keepAlive: false });
    this.clock = clock;
    this.health = new HealthLog(name, new URL(baseUrl).origin, clock, log);
    this.limiter = new RateLimiter(limits, clock);
    this.keyHold = new KeyHold(protocol.poll.unauthorizedSeconds, clock);
    for (const mark of dependencies.callbackMarks ?? []) this.redactor.addMark(mark);
    this.answers = new Answers(this.redactor, protocol.credentialParameters);
    const { redactor, answers, kept, fresh } = this;
    this.credentials = openCredentials(auth, { env, redactor, openTokenSource, ca });
    this.dispatcher = new Dispatcher({ config, files, credentials: this.credentials, redactor, answers, tracer, kept, fresh });
    this.keyHeader = auth.type === 'key' && auth.in === 'header' ? auth.name : undefined;
  }

  /**
   * How long no submit is sent from this process, because the service answered 429 or 503, or where it waits for the key because that is
   * refused; 0 when the next one is.
   */
  heldSeconds(waitsForKey: boolean): number {
    return Math.max(this.limiter.heldSeconds, waitsForKey ? this.keyHold.heldSeconds : 0);
  }

  /** How long the service has refused this connection's credentials for submits, in milliseconds; undefined when it does not. */
  get keyRefusedForMs(): number | undefined {
    return this.keyHold.refusedForMs;
  }

  /**
   * Why a submit of this operation would not be sent now, and when it may come again; it is one of those that wait then. Undefined where it
   * would be sent.
   */
  heldBack(operation: string, waitsForKey: boolean): { reason: string; waitSeconds: number; kind: TroubleKind } | undefined {
    const turn = this.limiter.holdOf(operation);
    if (turn !== undefined) return { reason: heldReason(turn), waitSeconds: turn.waitSeconds, kind: 'Throttled' };
    const held = waitsForKey ? this.keyHold.holdOf(operation) : undefined;
    return held && { reason: refusedReason(held), waitSeconds: held.waitSeconds, kind: 'Unauthorized' };
  }

  /** For how long requests were held, because the service was busy or refused the key, all times together. Both at once count twice. */
  get totalHeldSeconds(): number {
    return this.limiter.totalHeldSeconds + this.keyHold.totalSeconds;
  }

  /** What is known of the credentials that were used last; undefined while none were. */
  get credentialsTimes(): CredentialsTimes | undefined {
    return this.credentials.times?.();
  }

  /** How much of the service it uses. */
  get rates(): RateLimiter {
    return this.limiter;
  }

  /** Places for submits that are claimed together, see {@link RateLimiter.enter}; one where only one may try the key. */
  enter(count: number, waits: boolean, waitsForKey: boolean): Promise<number> {
    return this.limiter.enter(waitsForKey && this.keyHold.isHolding ? Math.min(count, 1) : count, waits);
  }

  /** Gives places back. */
  leave(count: number): void {
    this.limiter.leave(count);
  }

  /**
   * Sends `request` when it has its turn, and returns what came back.
   * @throws RequestRefusedError when a header cannot be sent; nothing was sent
   * @throws FileRefusedError when a body file is not allowed or not there; nothing was sent
   */
  async exchange(request: OutgoingRequest): Promise<Exchange> {
    checkHeaders(request.headers ?? {}, this.keyHeader);
    if (this.dependencies.log?.isLevelEnabled('debug') !== true) return this.exchangeUnlogged(request);
    const startedAt = this.clock.monotonicMs();
    let clientRequestId: string | undefined;
    const onSent = (id: string): void => {
      clientRequestId = id;
      request.onSent?.(id);
    };
    const exchange = await this.exchangeUnlogged({ ...request, onSent });
    this.log(request, exchange, this.clock.monotonicMs() - startedAt, clientRequestId);
    return exchange;
  }

  private exchangeUnlogged(request: OutgoingRequest): Promise<Exchange> {
    return request.waitsForKey === true ? this.exchangeWithKey(request) : this.exchangeInTurn(request);
  }

  private async exchangeInTurn(request: OutgoingRequest): Promise<Exchange> {
    const turn = await this.turnOf(request);
    if (turn.kind !== 'done') return this.unsent(request, turn);
    this.health.saw(turn.value);
    return turn.value;
  }

  private async exchangeWithKey(request: OutgoingRequest): Promise<Exchange> {
    const begun = this.keyHold.begin(operationOf(request));
    if (begun.kind === 'held') return this.answers.held(request, refusedReason(begun), begun.waitSeconds, 'Unauthorized');
    let httpStatus: number | undefined;
    try {
      const exchange = await this.exchangeInTurn(request);
      httpStatus = exchange.kind === 'answer' ? exchange.httpStatus : undefined;
      return exchange;
    } finally {
      this.keyHold.end(begun.ticket, httpStatus);
    }
  }

  /** @throws Error when the variable no longer holds what it held when the file was read */
  private proxyOf(variable: string, env: NodeJS.ProcessEnv): URL {
    const url = proxyUrl(env[variable]?.trim() ?? '');
    if (url === undefined) throw new Error(`environment variable ${variable} holds no http(s) URL of a proxy`);
    this.redactor.addForGood(decodeURIComponent(url.password));
    return url;
  }

  /** What is thrown goes into history, where no secret may stand, whoever throws it. */
  private async turnOf(request: OutgoingRequest): Promise<Turn<Exchange>> {
    const { purpose, bodyTo, queueSeconds = DEFAULT_QUEUE_SECONDS } = request;
    const kind = purpose === 'resource' && bodyTo !== undefined ? 'download' : TURN_KINDS[purpose];
    try {
      return await this.limiter.run({ kind, key: operationOf(request), queueSeconds }, (report) => {
        request.onTurn?.();
        return this.dispatcher.dispatch(request, report);
      });
    } catch (error) {
      if (!(error instanceof Error)) throw new Error(this.redactor.clean(String(error)));
      error.message = this.redactor.clean(error.message);
      error.stack = error.stack && this.redactor.clean(error.stack);
      throw error;
    }
  }

  /** Closes idle sockets. Exchanges that are under way end by themselves. */
  close(): void {
    closeAgents(this.kept);
    closeAgents(this.fresh);
  }

  /** Not sent: the service is busy, or there are too many before this one. */
  private unsent(request: OutgoingRequest, turn: Exclude<Turn<never>, { kind: 'done' }>): Exchange {
    if (turn.kind === 'refused') {
      const reason = `not sent: the connection is busy, no turn within ${Math.round(turn.waitedSeconds)} s`;
      return this.answers.none(request, request.url, false, reason);
    }
    return this.answers.held(request, heldReason(turn), turn.waitSeconds);
  }

  private log(request: OutgoingRequest, exchange: Exchange, milliseconds: number, clientRequestId: string | undefined): void {
    const outcome =
      exchange.kind === 'answer'
        ? { httpStatus: exchange.httpStatus, ...requestIdsOf(exchange) }
        : { problem: exchange.kind, reason: exchange.reason };
    const { purpose, method, operationId } = request;
    const url = this.redactor.clean(shown(exchange.url));
    this.dependencies.log?.debug(
      { connection: this.name, purpose, method, url, operationId, milliseconds, clientRequestId, ...outcome },
      'exchange',
    );
  }
}

function operationOf({ method, url, operation = `${method} ${url}` }: OutgoingRequest): string {
  return operation;
}

function heldReason({ cause: { httpStatus, sinceMs } }: Held): string {
  return `not sent: the service answers ${httpStatus} since ${timeOf(sinceMs)}, and is asked by one request at a time until it has room`;
}

function refusedReason({ cause: { httpStatus, sinceMs } }: Held): string {
  return `not sent: the service refuses the connection's credentials (${httpStatus}) since ${timeOf(sinceMs)}, and one submit at a time tries them`;
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+/, '');
}
