/**
 * Tunnels through a proxy. [RFC 9110 §9.3.6, CONNECT]
 *
 * Keeps true: what a proxy answers is never taken for an answer of the service: a request is handed a socket only when the tunnel is open.
 */
import * as http from 'node:http';
import * as https from 'node:https';
import { isIPv6 } from 'node:net';
import type { Duplex } from 'node:stream';

/** The tunnel could not be opened. Nothing was sent to the service. */
class ProxyError extends Error {
  readonly code = 'ERR_PROXY';
}

/**
 * Opens a tunnel to `host:port` and calls `opened` once.
 * @param proxy may carry a user name and a password
 * @param connectMs for the tunnel alone
 */
export function openTunnel(
  proxy: URL,
  host: string,
  port: string | number,
  connectMs: number,
  opened: (error: Error | null, socket?: Duplex) => void,
): void {
  const target = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
  const headers: Record<string, string> = { host: target };
  if (proxy.username !== '') headers['proxy-authorization'] = `Basic ${Buffer.from(credentialsOf(proxy)).toString('base64')}`;
  const { request } = proxy.protocol === 'https:' ? https : http;
  const connect = request({
    host: proxy.hostname.replace(/^\[|\]$/g, ''),
    port: proxy.port === '' ? undefined : proxy.port,
    method: 'CONNECT',
    path: target,
    headers,
    agent: false,
  });
  const timer = setTimeout(() => connect.destroy(new ProxyError('the proxy did not open a tunnel in time')), connectMs);
  connect.once('connect', ({ statusCode = 0 }, socket: Duplex, head: Buffer) => {
    clearTimeout(timer);
    if (statusCode >= 200 && statusCode < 300) {
      if (head.length > 0) socket.unshift(head);
      return opened(null, socket);
    }
    socket.on('error', () => undefined).destroy();
    opened(new ProxyError(`the proxy refused to open a tunnel (${statusCode})`));
  });
  connect.once('error', (error: NodeJS.ErrnoException) => {
    clearTimeout(timer);
    opened(error instanceof ProxyError ? error : new ProxyError(`the proxy cannot be reached (${error.code ?? 'unknown error'})`));
  });
  connect.end();
}

function credentialsOf({ username, password }: URL): string {
  return `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
}
