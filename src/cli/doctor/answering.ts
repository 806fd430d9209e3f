/** Whether somebody answers at an address, and what is wrong where nobody does. */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { openedOnce } from '../lro/reach';
import { away, ok, type Check } from './check';
import { checkClock } from './machine';

const TIMEOUT_MS = 5000;

/**
 * Whether an HTTP server answers there, whatever it says, and how its clock goes.
 * @param setting of the file that names it
 */
export async function probe(name: string, url: string, setting: string): Promise<Check[]> {
  const { host } = new URL(url);
  try {
    const from = Date.now();
    const { status, date } = await head(url);
    const to = Date.now();
    const there = Date.parse(date ?? '');
    const answer = ok(name, `${host} answers (HTTP ${status})`);
    return Number.isNaN(there) ? [answer] : [answer, checkClock(host, there, { from, to })];
  } catch (err) {
    return [notReached(name, host, err, setting)];
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

export function reach(at: { host: string; port: number }): Promise<void> {
  return openedOnce(at, TIMEOUT_MS, `no answer within ${TIMEOUT_MS / 1000} s`);
}

/** @param setting of the file, in which it is corrected */
export function notReached(name: string, host: string, err: unknown, setting: string): Check {
  const code = codeOf(err);
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return away(name, `the name ${host} cannot be resolved (${code})`, `correct ${setting}, or the name service of this machine`);
  if (code === 'ECONNREFUSED')
    return away(name, `nothing listens at ${host} (${code})`, `start the service, or correct host and port of ${setting}`);
  if (code === 'ABORT_ERR' || code === 'ETIMEDOUT' || (err instanceof Error && err.name === 'TimeoutError'))
    return away(
      name,
      `${host} does not answer within ${TIMEOUT_MS / 1000} s`,
      'open the way there in firewalls, or name a proxy (docs/configuration.md)',
    );
  if (code.startsWith('ERR_TLS') || code.startsWith('CERT') || /CERT|SIGNATURE|ISSUER/.test(code))
    return away(name, `the certificate of ${host} is refused (${code})`, `name the CA in NODE_EXTRA_CA_CERTS, or correct ${setting}`);
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'EPROTO')
    return away(name, `${host} does not speak TLS (${code})`, `${setting}: http:// instead of https://, or the port of TLS`);
  return away(name, `${host} does not answer as HTTP (${code})`, `correct ${setting}`);
}

function codeOf(err: unknown): string {
  // Several addresses were tried: each has its own error, mostly the same.
  const one = err instanceof AggregateError ? (err.errors[0] as unknown) : err;
  return one instanceof Error && 'code' in one ? String(one.code) : one instanceof Error ? one.message : String(one);
}
