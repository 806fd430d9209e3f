/**
 * Agents that hand a socket to a request only once it is connected and, for TLS, the other side has proved who it is.
 *
 * Keeps true: a request that never had a socket provably never left this process. Node's own agents hand out sockets that are
 * still connecting and queue the request's bytes in them, from where nobody can tell afterwards whether they went out.
 */
import * as http from 'node:http';
import * as https from 'node:https';
import type { Duplex } from 'node:stream';
import type { AddressGuard } from './addresses';

/** Unused sockets are closed after this: middleboxes forget silent connections after about four minutes. */
const IDLE_MS = 60_000;

type Created = (error: Error | null, socket: Duplex) => void;

/** The socket did not connect in time. */
class ConnectTimeoutError extends Error {
  readonly code = 'ETIMEDOUT';
}

/** Calls `created` once, when `socket` has emitted `ready` or has failed. */
function whenReady(socket: Duplex | null | undefined, ready: 'connect' | 'secureConnect', connectMs: number, created: Created): undefined {
  if (socket === null || socket === undefined) return undefined;
  const timer = setTimeout(() => socket.destroy(new ConnectTimeoutError('connect timeout')), connectMs);
  const settle = (error: Error | null) => {
    clearTimeout(timer);
    socket.removeListener('error', settle).removeListener('close', onClose).removeListener(ready, onReady);
    // A late second error of a socket nobody uses must not bring the process down.
    if (error !== null) socket.on('error', () => undefined);
    created(error, socket);
  };
  const onClose = () => settle(Object.assign(new Error('closed while connecting'), { code: 'ECONNRESET' }));
  const onReady = () => settle(null);
  socket.once('error', settle).once('close', onClose).once(ready, onReady);
  return undefined;
}

/** Later, as a socket that cannot connect does: whoever asked is not ready for it yet. */
function fail(error: Error, created: (error: Error, socket: never) => void): undefined {
  process.nextTick(() => created(error, undefined as never));
  return undefined;
}

class ConnectedHttpAgent extends http.Agent {
  constructor(
    options: http.AgentOptions,
    private readonly connectMs: number,
    private readonly guard: AddressGuard | undefined,
  ) {
    super(options);
  }

  override createConnection(options: http.ClientRequestArgs, created: Created): undefined {
    const refusal = this.guard?.refusal(options.host ?? '');
    if (refusal !== undefined) return fail(refusal, created);
    const guarded = this.guard === undefined ? options : { ...options, lookup: this.guard.lookup };
    return whenReady(super.createConnection(guarded), 'connect', this.connectMs, created);
  }
}

class ConnectedHttpsAgent extends https.Agent {
  constructor(
    options: https.AgentOptions,
    private readonly connectMs: number,
    private readonly guard: AddressGuard | undefined,
  ) {
    super(options);
  }

  override createConnection(options: https.RequestOptions, created: Created): undefined {
    const refusal = this.guard?.refusal(options.host ?? '');
    if (refusal !== undefined) return fail(refusal, created);
    const guarded = this.guard === undefined ? options : { ...options, lookup: this.guard.lookup };
    return whenReady(super.createConnection(guarded), 'secureConnect', this.connectMs, created);
  }
}

export interface Agents {
  http: http.Agent;
  https: https.Agent;
}

export interface AgentSettings {
  keepAlive: boolean;
  maxSockets: number;
  /** For connecting alone. */
  connectSeconds: number;
  /** Certificates to trust instead of the system's (PEM). */
  ca?: string;
  /** Of the hosts that may be connected to; without it any may. */
  guard?: AddressGuard;
}

export function openAgents({ keepAlive, maxSockets, connectSeconds, ca, guard }: AgentSettings): Agents {
  const pool = keepAlive ? { keepAlive, maxSockets, maxFreeSockets: maxSockets, timeout: IDLE_MS } : { keepAlive: false };
  return {
    http: new ConnectedHttpAgent(pool, connectSeconds * 1000, guard),
    https: new ConnectedHttpsAgent(ca === undefined ? pool : { ...pool, ca }, connectSeconds * 1000, guard),
  };
}

export function closeAgents(agents: Agents): void {
  agents.http.destroy();
  agents.https.destroy();
}
