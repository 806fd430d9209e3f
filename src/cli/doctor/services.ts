/**
 * Each connection's service: whether it answers, and whether there are credentials for it.
 *
 * Keeps true: one HEAD request to the base URL, without credentials and without following anything; whatever is answered is fine, as it says
 * that name, network and TLS are right. A secret is looked for and never shown.
 */
import { proxyUrl, type ConnectionConfig } from '../../config';
import { missingSecrets } from '../lro/config';
import { notReached, probe, reach } from './answering';
import { ok, warn, type Check } from './check';
import { checkToken } from './tokens';

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
  } catch (err) {
    return [notReached(name, `the proxy that ${String(proxy?.env)} names`, err, 'the variable')];
  }
  return await probe(name, baseUrl, 'baseUrl');
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
  return [await checkToken(name, auth)];
}
