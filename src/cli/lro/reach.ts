/**
 * Whether anybody listens at Temporal's address, before the SDK tries for ten seconds.
 *
 * Keeps true: a server that is away is said within two seconds, and one that is only slow is waited for.
 */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { whyNotReached } from '../../transport/probe';

const TIMEOUT_MS = 1500;
const DEFAULT_PORT = 7233;
/** gRPC goes through a proxy then. */
const PROXY_VARIABLES = ['grpc_proxy', 'https_proxy', 'http_proxy', 'GRPC_PROXY', 'HTTPS_PROXY', 'HTTP_PROXY'];

/** @param address `host:port`; other forms that gRPC knows are not looked at @throws Error with the reason of the system */
export async function requireListening(address: string): Promise<void> {
  const [, ipv6, name = ipv6, port = DEFAULT_PORT] = /^(?:\[([^\]]+)\]|([^:/]+))(?::(\d+))?$/.exec(address) ?? [];
  if (name === undefined || PROXY_VARIABLES.some((variable) => process.env[variable])) return;
  await openedOnce({ host: name, port: Number(port) }, TIMEOUT_MS, `nobody answers within ${TIMEOUT_MS} ms`).catch((err: unknown) => {
    throw oneOf(err as Error);
  });
}

/** Opens a connection and closes it. @throws the system's error; with the text `late` where there is neither in time */
export function openedOnce(at: { host: string; port: number }, timeoutMs: number, late: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(at);
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      socket.destroy();
      settle();
    };
    const timer = setTimeout(() => end(() => reject(new Error(late))), timeoutMs);
    socket.once('connect', () => end(resolve)).once('error', (err) => end(() => reject(err)));
  });
}

/**
 * A connection that is being opened, or why it will not be: the SDK tries for ten seconds, and does not say.
 * @throws Error with the reason
 */
export async function reached<T>(address: string, tls: Parameters<typeof whyNotReached>[1], connecting: Promise<T>): Promise<T> {
  let looked: ReturnType<typeof whyNotReached> | undefined;
  const look = (): ReturnType<typeof whyNotReached> => (looked ??= whyNotReached(address, tls));
  const refused = async (): Promise<never> => {
    // Most connections are there by then, and nobody has to look.
    await sleep(GRACE_MS);
    const why = await look();
    if (why === undefined) return await new Promise<never>(() => undefined);
    throw new Error(why);
  };
  try {
    return await Promise.race([connecting, refused()]);
  } catch (err) {
    const why = await look();
    throw why === undefined || isAboutCredentials(err) ? err : new Error(why, { cause: err });
  }
}

const GRACE_MS = 500;
/** gRPC: PERMISSION_DENIED, UNAUTHENTICATED */
const REFUSED = [7, 16];

function isAboutCredentials(err: unknown): boolean {
  for (let cause = err, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth++) {
    if ('code' in cause && REFUSED.includes(cause.code as number)) return true;
  }
  return false;
}

/** Of a name with several addresses Node has an error without a message. */
function oneOf(err: Error): Error {
  return err instanceof AggregateError && err.message === '' && err.errors[0] instanceof Error ? err.errors[0] : err;
}
