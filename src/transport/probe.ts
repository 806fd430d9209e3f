/**
 * Why a gRPC connection could not be had: a second look at the address, as the SDK says little more than that there was no answer.
 *
 * Keeps true: nothing is sent but a TLS handshake, which shows no credentials; it takes 4 s at most, and never throws.
 */
import { connect as connectTcp, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';

const TIMEOUT_MS = 2000;

/** What an attempt to open a socket came to: `open`, or the code of its error. */
type Attempt = 'open' | 'ETIMEDOUT' | (string & {});

/**
 * @param address `host:port`, as in `TEMPORAL_ADDRESS`
 * @param tls whether the connection was tried with TLS
 * @returns a sentence without an end; undefined where this look finds nothing wrong
 */
export async function whyNotReached(address: string, tls: boolean): Promise<string | undefined> {
  const at = /^(?:\w+:\/\/)?(.+):(\d+)$/.exec(address);
  const host = at?.[1]?.replace(/^\[|\]$/g, '');
  const port = Number(at?.[2]);
  if (host === undefined || port > 65_535) return 'that is no address like temporal.example.com:7233';
  const tcp = await attempt(() => connectTcp({ host, port }), 'connect');
  if (tcp === 'ENOTFOUND' || tcp === 'EAI_AGAIN') return `the name ${host} cannot be resolved (${tcp})`;
  if (tcp === 'ECONNREFUSED') return 'nothing listens there (ECONNREFUSED)';
  if (tcp !== 'open') return `no connection can be opened (${tcp})`;
  const servername = isIP(host) === 0 ? host : '';
  // Whom it belongs to is not asked: only whether it speaks TLS.
  const secure = await attempt(
    () => connectTls({ host, port, servername, rejectUnauthorized: false, ALPNProtocols: ['h2'] }),
    'secureConnect',
  );
  // A server that wants a client's certificate may refuse the handshake by an alert, which is TLS.
  const speaksTls = secure === 'open' || secure.includes('ALERT');
  if (tls && !speaksTls)
    return 'something listens there, but it does not speak TLS (unset TEMPORAL_TLS, and TEMPORAL_API_KEY, which turns TLS on; or name the port of TLS)';
  if (!tls && speaksTls) return 'it speaks TLS, and was asked without (set TEMPORAL_TLS=true)';
  return undefined;
}

function attempt(open: () => ReturnType<typeof connectTcp>, openEvent: 'connect' | 'secureConnect'): Promise<Attempt> {
  return new Promise((resolve) => {
    const socket = open();
    const end = (outcome: Attempt): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(outcome);
    };
    const timer = setTimeout(() => end('ETIMEDOUT'), TIMEOUT_MS);
    socket.once(openEvent, () => end('open'));
    // It may fail again while it is destroyed.
    socket.on('error', (err: NodeJS.ErrnoException) => end(err.code ?? err.message));
    socket.once('close', () => end('ECONNRESET'));
  });
}
