/** Certificates of a test: an authority, a server on this machine, and a client. Made by openssl, in a folder of their own. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Pair {
  cert: string;
  key: string;
}

/** Paths of PEM files. */
export interface Certificates {
  ca: string;
  server: Pair;
  client: Pair;
}

/** Undefined: this machine has none. */
const openssl = ['/usr/bin/openssl', '/usr/local/bin/openssl', '/opt/homebrew/bin/openssl'].find((path) => existsSync(path));

/** Skipped where there is no openssl to make certificates. */
export const testWithCertificates = openssl === undefined ? test.skip : test;

/** @param serverDays for how long the server's is good; negative: it has expired */
export function makeCertificates(folder: string, { serverDays = 2 } = {}): Certificates {
  mkdirSync(folder, { recursive: true });
  const at = (name: string): string => join(folder, name);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const run = (...args: string[]): unknown => execFileSync(openssl ?? 'openssl', args, { stdio: 'pipe' });
  run('req', '-x509', ...key, '-subj', '/CN=test authority', '-days', '2', '-keyout', at('ca.key'), '-out', at('ca.pem'));
  const signed = (name: string, extension: string, days = 2): Pair => {
    const pair = { cert: at(`${name}.pem`), key: at(`${name}.key`) };
    run('req', ...key, '-subj', `/CN=${name}`, '-keyout', pair.key, '-out', at(`${name}.csr`));
    writeFileSync(at(`${name}.ext`), extension);
    const by = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', '-days', String(days), '-extfile', at(`${name}.ext`)];
    run('x509', '-req', '-in', at(`${name}.csr`), ...by, '-out', pair.cert);
    return pair;
  };
  return {
    ca: at('ca.pem'),
    server: signed('server', 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n', serverDays),
    client: signed('client', 'extendedKeyUsage=clientAuth\n'),
  };
}
