/**
 * Why a gRPC connection could not be had: a second look at the address, as the SDK says little more than that there was no answer.
 *
 * Keeps true: nothing is sent but TLS handshakes, which show no credentials but a client's certificate; it takes 6 s at most, and never throws.
 */
import { connect as connectTcp, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';

const TIMEOUT_MS = 2000;
const DEFAULT_PORT = 7233;

/** Of the SDK's `TLSConfig`. */
export interface ProbedTls {
  serverNameOverride?: string;
  serverRootCACertificate?: Uint8Array;
  clientCertPair?: { crt: Uint8Array; key: Uint8Array };
}

/** What an attempt to open a socket came to: `open`, or the code of its error. */
type Attempt = 'open' | 'ETIMEDOUT' | (string & {});

/**
 * @param address `host:port`, as in `TEMPORAL_ADDRESS`
 * @param tls whether the connection was tried with TLS, and with what
 * @returns a sentence without an end; undefined where this look finds nothing wrong
 */
export async function whyNotReached(address: string, tls: boolean | ProbedTls | null | undefined): Promise<string | undefined> {
  const at = /^(?:\w+:\/\/)?(\[[^\]]+\]|[^:/\s]+)(?::(\d+))?\/?$/.exec(address);
  const host = at?.[1]?.replace(/^\[|\]$/g, '');
  const port = Number(at?.[2] ?? DEFAULT_PORT);
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
  return tls ? await whyNotTrusted(host, port, servername, tls === true ? {} : tls) : undefined;
}

const CA = 'TEMPORAL_TLS_SERVER_CA_CERT_PATH names the file of its authority';
const CLIENT = 'TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH name the files of one';

/** Whether certificates are as each side wants them. A server that refuses the client's says so after the handshake. */
async function whyNotTrusted(host: string, port: number, servername: string, tls: ProbedTls): Promise<string | undefined> {
  const bytes = (given: Uint8Array | undefined): Buffer | undefined => (given === undefined ? undefined : Buffer.from(given));
  const { serverNameOverride = servername, serverRootCACertificate, clientCertPair } = tls;
  const own = { ca: bytes(serverRootCACertificate), cert: bytes(clientCertPair?.crt), key: bytes(clientCertPair?.key) };
  const code = await attempt(() => connectTls({ host, port, servername: serverNameOverride, ALPNProtocols: ['h2'], ...own }), 'data');
  if (code === 'open' || code === 'ETIMEDOUT' || code === 'ECONNRESET') return undefined;
  if (code === 'CERT_HAS_EXPIRED') return `the certificate of the server has expired (${code}); it needs a new one`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `the certificate of the server is for another name (${code}); TEMPORAL_TLS_SERVER_NAME says which to expect`;
  if (!code.includes('ALERT')) return `the certificate of the server is not trusted here (${code}); ${CA}`;
  return clientCertPair === undefined
    ? `it wants a certificate of the client (${code}); ${CLIENT}`
    : `it refuses the certificate of the client (${code}); ${CLIENT}`;
}

function attempt(open: () => ReturnType<typeof connectTcp>, openEvent: 'connect' | 'secureConnect' | 'data'): Promise<Attempt> {
  return new Promise((resolve) => {
    let socket: ReturnType<typeof connectTcp>;
    try {
      socket = open();
    } catch (err) {
      // Files that are no certificates.
      resolve((err as NodeJS.ErrnoException).code ?? 'unreadable');
      return;
    }
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
