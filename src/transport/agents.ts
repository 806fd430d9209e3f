/**
 * Agents that hand a socket to a request only once it is connected and, for TLS, the other side has proved who it is.
 *
 * Keeps true: a request that never had a socket provably never left this process. Node's own agents hand out sockets that are
 * still connecting and queue the request's bytes in them, from where nobody can tell afterwards whether they went out.
 */
import * as http from 'node:http';
import * as https from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Duplex } from 'node:stream';
import type { AddressGuard } from './addresses';
import { openTunnel } from './tunnel';

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

/** Where sockets may lead, and how they get there. */
interface Route {
  connectMs: number;
  guard?: AddressGuard;
  proxy?: URL;
}

/** Calls `created` with an error for a host that may not be reached; else `direct`, or `tunnelled` with an open tunnel to it. */
function route(
  { connectMs, guard, proxy }: Route,
  { host, port }: http.ClientRequestArgs,
  created: Created,
  direct: (lookup: LookupFunction | undefined) => void,
  tunnelled: (socket: Duplex) => void,
): undefined {
  const refuse = (error: Error): void => created(error, undefined as never);
  const name = host ?? '';
  const refusal = guard?.refusal(name);
  // Later, as a socket that cannot connect fails: whoever asked is not ready for it yet.
  if (refusal !== undefined) process.nextTick(refuse, refusal);
  else if (proxy === undefined) direct(guard?.lookup);
  else {
    const open = (): void =>
      openTunnel(proxy, name, port ?? 0, connectMs, (error, socket) => {
        if (socket === undefined) refuse(error ?? new Error('no tunnel'));
        else tunnelled(socket);
      });
    if (guard === undefined) open();
    else guard.check(name, (refused) => (refused === undefined ? open() : refuse(refused)));
  }
  return undefined;
}

class ConnectedHttpAgent extends http.Agent {
  constructor(
    options: http.AgentOptions,
    private readonly route: Route,
  ) {
    super(options);
  }

  override createConnection(options: http.ClientRequestArgs, created: Created): undefined {
    const direct = (lookup: LookupFunction | undefined): void => {
      const socket = super.createConnection(lookup === undefined ? options : { ...options, lookup });
      whenReady(socket, 'connect', this.route.connectMs, created);
    };
    return route(this.route, options, created, direct, (socket) => created(null, socket));
  }
}

class ConnectedHttpsAgent extends https.Agent {
  constructor(
    options: https.AgentOptions,
    private readonly route: Route,
  ) {
    super(options);
  }

  override createConnection(options: https.RequestOptions, created: Created): undefined {
    const secure = (more: object): void => {
      whenReady(super.createConnection({ ...options, ...more }), 'secureConnect', this.route.connectMs, created);
    };
    return route(
      this.route,
      options,
      created,
      (lookup) => secure(lookup === undefined ? {} : { lookup }),
      (socket) => secure({ socket }),
    );
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
  /** All sockets are tunnels through it. */
  proxy?: URL;
}

export function openAgents({ keepAlive, maxSockets, connectSeconds, ca, guard, proxy }: AgentSettings): Agents {
  const way: Route = { connectMs: connectSeconds * 1000, guard, proxy };
  const pool = keepAlive ? { keepAlive, maxSockets, maxFreeSockets: maxSockets, timeout: IDLE_MS } : { keepAlive: false };
  return {
    http: new ConnectedHttpAgent(pool, way),
    https: new ConnectedHttpsAgent(ca === undefined ? pool : { ...pool, ca }, way),
  };
}

export function closeAgents(agents: Agents): void {
  agents.http.destroy();
  agents.https.destroy();
}
