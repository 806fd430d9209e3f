/**
 * The certificate of the fake service, made anew for a run by openssl. Clients trust it because their process is given it as an authority
 * (`NODE_EXTRA_CA_CERTS`): nobody's verification is switched off.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** Paths of PEM files. */
export interface Certificate {
  certificate: string;
  key: string;
}

/** Signed by itself, for `127.0.0.1`, good for two days. @throws when there is no openssl on the PATH */
export function makeCertificate(folder: string): Certificate {
  const made: Certificate = { certificate: join(folder, 'service.pem'), key: join(folder, 'service.key') };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', made.key];
  const subject = ['-subj', '/CN=fake service', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'];
  execFileSync('openssl', ['req', '-x509', ...key, ...subject, '-out', made.certificate], { stdio: 'pipe' });
  return made;
}
