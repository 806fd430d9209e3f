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
import type { ProtocolSettings } from '../lro/settings';
import { shown } from '../lro/trust';
import { guardAgainstPrivate } from '../transport/addresses';
import { closeAgents, openAgents, type Agents } from '../transport/agents';
import type { OpenTokenSource } from '../transport/entra';
import { Answers } from './answers';
import { systemClock, type Clock } from './clock';
import { openCredentials } from './credentials';
import { Dispatcher } from './dispatcher';
import { RateLimiter, type HeldTurn, type Turn, type TurnKind } from './rate-limiter';
import { Redactor } from './redact';
import { checkHeaders, DEFAULT_QUEUE_SECONDS, type OutgoingRequest, type Purpose } from './request';

/** What a connection is given from outside. */
export interface ConnectionDependencies {
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
  /** Instead of the system's resolver. */
  lookup?: LookupFunction;
}

const TURN_KINDS: Record<Purpose, TurnKind> = { submit: 'submit', status: 'poll', resource: 'other', cancel: 'other' };

const PRIVATE_ADVICE = ', which only the host of the base URL may have ("privateHosts: allow" of the connection changes that)';

export class Connection {
  readonly name: string;
  readonly protocol: ProtocolSettings;
  readonly limits: Limits;
  private readonly kept: Agents;
  private readonly fresh: Agents;
  private readonly limiter: RateLimiter;
  private readonly redactor = new Redactor();
  private readonly answers: Answers;
  private readonly dispatcher: Dispatcher;
  /** The header in which this connection sends its key, if it does: refused among the caller's. */
  readonly keyHeader: string | undefined;
  private readonly clock: Clock;

  constructor(
    readonly config: ConnectionConfig,
    private readonly dependencies: ConnectionDependencies,
  ) {
    const { auth, limits, name, protocol, baseUrl, privateHosts, proxy } = config;
    this.name = name;
    this.protocol = protocol;
    this.limits = limits;
    const { env = process.env, openTokenSource, ca, clock = systemClock, lookup, files } = dependencies;
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
    this.limiter = new RateLimiter(limits, clock);
    this.answers = new Answers(this.redactor, protocol.credentialParameters);
    const { redactor, answers, kept, fresh } = this;
    const credentials = openCredentials(auth, { env, redactor, openTokenSource, ca });
    this.dispatcher = new Dispatcher({ config, files, credentials, redactor, answers, kept, fresh });
    this.keyHeader = auth.type === 'key' && auth.in === 'header' ? auth.name : undefined;
  }

  /** How long no submit and no poll is sent from this process, because the service answered 429 or 503; 0 when the next one is. */
  get heldSeconds(): number {
    return this.limiter.heldSeconds;
  }

  /**
   * Why a submit or poll of this operation would not be sent now, and when it may come again; it is one of those that wait then. Undefined
   * where it would be sent.
   */
  heldBack(operation: string): { reason: string; waitSeconds: number } | undefined {
    const turn = this.limiter.holdOf(operation);
    return turn && { reason: heldReason(turn), waitSeconds: turn.waitSeconds };
  }

  /** Places for submits that are claimed together, see {@link RateLimiter.enter}. */
  enter(count: number, waits: boolean): Promise<number> {
    return this.limiter.enter(count, waits);
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
    const startedAt = this.clock.monotonicMs();
    const turn = await this.turnOf(request);
    const exchange = turn.kind === 'done' ? turn.value : this.unsent(request, turn);
    this.log(request, exchange, this.clock.monotonicMs() - startedAt);
    return exchange;
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
    const { purpose, method, url, operation = `${method} ${url}`, queueSeconds = DEFAULT_QUEUE_SECONDS } = request;
    try {
      return await this.limiter.run({ kind: TURN_KINDS[purpose], key: operation, queueSeconds }, (report) =>
        this.dispatcher.dispatch(request, report),
      );
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
    return this.answers.none(request, request.url, false, heldReason(turn), turn.waitSeconds);
  }

  private log(request: OutgoingRequest, exchange: Exchange, milliseconds: number): void {
    const { log } = this.dependencies;
    if (log?.isLevelEnabled('debug') !== true) return;
    const outcome = exchange.kind === 'answer' ? { httpStatus: exchange.httpStatus } : { problem: exchange.kind, reason: exchange.reason };
    const url = this.redactor.clean(shown(exchange.url));
    log.debug({ connection: this.name, purpose: request.purpose, method: request.method, url, milliseconds, ...outcome }, 'exchange');
  }
}

function heldReason({ cause: { httpStatus, sinceMs } }: HeldTurn): string {
  const since = new Date(sinceMs).toISOString().replace(/\.\d+/, '');
  return `not sent: the service answers ${httpStatus} since ${since}, and is asked by one request at a time until it has room`;
}
