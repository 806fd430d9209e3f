/**
 * Whether anybody listens at Temporal's address, before the SDK tries for ten seconds.
 *
 * Keeps true: a server that is away is said within two seconds, and one that is only slow is waited for.
 */
import { connect } from 'node:net';

/** As the SDK's own. */
export const DEFAULT_ADDRESS = '127.0.0.1:7233';

const TIMEOUT_MS = 1500;
const DEFAULT_PORT = 7233;
/** gRPC goes through a proxy then. */
const PROXY_VARIABLES = ['grpc_proxy', 'https_proxy', 'http_proxy', 'GRPC_PROXY', 'HTTPS_PROXY', 'HTTP_PROXY'];

/** @param address `host:port`; other forms that gRPC knows are not looked at @throws Error with the reason of the system */
export async function requireListening(address: string): Promise<void> {
  const [, ipv6, name = ipv6, port = DEFAULT_PORT] = /^(?:\[([^\]]+)\]|([^:/]+))(?::(\d+))?$/.exec(address) ?? [];
  if (name === undefined || PROXY_VARIABLES.some((variable) => process.env[variable])) return;
  await new Promise<void>((resolve, reject) => {
    const socket = connect({ host: name, port: Number(port) });
    const end = (err?: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      if (err === undefined) resolve();
      else reject(err);
    };
    const timer = setTimeout(() => end(new Error(`nobody answers within ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
    socket.once('connect', () => end()).once('error', (err: AggregateError) => end(oneOf(err)));
  });
}

/** Of a name with several addresses Node has an error without a message. */
function oneOf(err: Error): Error {
  return err instanceof AggregateError && err.message === '' && err.errors[0] instanceof Error ? err.errors[0] : err;
}
