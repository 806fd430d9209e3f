/**
 * Each connection's service: whether it answers, and whether there are credentials for it.
 *
 * Keeps true: one HEAD request to the base URL, without credentials and without following anything; whatever is answered is fine, as it says
 * that name, network and TLS are right. A secret is looked for and never shown.
 */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { proxyUrl, type ConnectionConfig } from '../../config';
import { missingSecrets } from '../lro/config';
import { away, fail, ok, warn, type Check } from './check';
import { checkClock } from './machine';

const TIMEOUT_MS = 5000;

export interface ServiceOptions {
  /** Whether a token of Microsoft Entra ID is asked for. */
  tokens: boolean;
}

export async function checkService(connection: ConnectionConfig, { tokens }: ServiceOptions): Promise<Check[]> {
  const checks = await Promise.all([checkAnswer(connection), checkCredentials(connection, tokens)]);
  return checks.flat();
}

async function checkAnswer({ name: connection, baseUrl, proxy }: ConnectionConfig): Promise<Check[]> {
  const name = `connection "${connection}"`;
  const { host } = new URL(baseUrl);
  const viaProxy = proxy === undefined ? undefined : proxyUrl(process.env[proxy.env]?.trim() ?? '');
  try {
    if (proxy !== undefined && viaProxy !== undefined) {
      const at = { host: viaProxy.hostname, port: Number(viaProxy.port || (viaProxy.protocol === 'https:' ? 443 : 80)) };
      await reach(at);
      return [ok(name, `its proxy ${at.host}:${at.port} accepts connections; ${host} behind it was not asked`)];
    }
    const from = Date.now();
    const { status, date } = await head(baseUrl);
    const to = Date.now();
    const there = Date.parse(date ?? '');
    const answer = ok(name, `${host} answers (HTTP ${status})`);
    return Number.isNaN(there) ? [answer] : [answer, checkClock(host, there, { from, to })];
  } catch (err) {
    return [notReached(name, viaProxy === undefined ? host : `the proxy that ${String(proxy?.env)} names`, err)];
  }
}

function head(baseUrl: string): Promise<{ status: number; date: string | undefined }> {
  const url = new URL(baseUrl);
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = send(url, { method: 'HEAD', agent: false, signal: AbortSignal.timeout(TIMEOUT_MS) }, (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0, date: response.headers.date });
      request.destroy();
    });
    request.on('error', reject);
    request.end();
  });
}

function reach(at: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...at, timeout: TIMEOUT_MS });
    const end = (settle: () => void): void => {
      socket.destroy();
      settle();
    };
    socket.once('connect', () => end(resolve));
    socket.once('timeout', () => end(() => reject(new Error(`no answer within ${TIMEOUT_MS / 1000} s`))));
    socket.once('error', (err) => end(() => reject(err)));
  });
}

function notReached(name: string, host: string, err: unknown): Check {
  const code = codeOf(err);
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return away(name, `the name ${host} cannot be resolved (${code})`, 'correct baseUrl, or the name service of this machine');
  if (code === 'ECONNREFUSED')
    return away(name, `nothing listens at ${host} (${code})`, 'start the service, or correct host and port of baseUrl');
  if (code === 'ABORT_ERR' || code === 'ETIMEDOUT' || (err instanceof Error && err.name === 'TimeoutError'))
    return away(
      name,
      `${host} does not answer within ${TIMEOUT_MS / 1000} s`,
      'open the way there in firewalls, or name a proxy (docs/configuration.md)',
    );
  if (code.startsWith('ERR_TLS') || code.startsWith('CERT') || /CERT|SIGNATURE|ISSUER/.test(code))
    return away(name, `the certificate of ${host} is refused (${code})`, 'name the CA in NODE_EXTRA_CA_CERTS, or correct baseUrl');
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'EPROTO')
    return away(name, `${host} does not speak TLS (${code})`, 'baseUrl: http:// instead of https://, or the port of TLS');
  return away(name, `${host} does not answer as HTTP (${code})`, 'correct baseUrl');
}

function codeOf(err: unknown): string {
  // Several addresses were tried: each has its own error, mostly the same.
  const one = err instanceof AggregateError ? (err.errors[0] as unknown) : err;
  return one instanceof Error && 'code' in one ? String(one.code) : one instanceof Error ? one.message : String(one);
}

async function checkCredentials({ name: connection, auth }: ConnectionConfig, tokens: boolean): Promise<Check[]> {
  const name = `credentials of "${connection}"`;
  const missing = missingSecrets(auth);
  if (missing.length > 0)
    return [
      warn(
        name,
        `${missing.join(', ')} (in this environment)`,
        'set it where the worker runs; until then requests of this connection wait for it',
      ),
    ];
  if (auth.type === 'none') return [ok(name, 'needs none')];
  if (auth.type !== 'entra') return [ok(name, `${auth.type}: the secret is there`)];
  if (!tokens) return [ok(name, 'Microsoft Entra ID; "lro doctor --tokens" asks for a token')];
  // Loaded here: the identity library is large.
  const [{ EntraTokens }, { Secret }] = await Promise.all([import('../../transport/entra'), import('../../transport/secrets')]);
  const secret = auth.clientSecret === undefined ? undefined : new Secret(auth.clientSecret, process.env);
  try {
    await new EntraTokens(auth, async () => await secret?.value(true)).current();
    return [ok(name, `Microsoft Entra ID gives a token for ${auth.scope}`)];
  } catch (err) {
    const secretText = await secret?.value(true).catch(() => undefined);
    const reason = (err instanceof Error ? err.message : String(err)).split('\n')[0]?.slice(0, 300) ?? '';
    const shown = secretText === undefined ? reason : reason.replaceAll(secretText, '***');
    return [
      fail(name, `Microsoft Entra ID gives no token: ${shown}`, 'correct tenantId, clientId, clientSecret or scope, or sign in (az login)'),
    ];
  }
}
