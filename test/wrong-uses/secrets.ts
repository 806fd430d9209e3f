/** Secrets of the wrong uses: no message may hold one. */
import { createHash } from 'node:crypto';

/** Made from its name, so that a run can be repeated, and nothing in this file is one. */
function secret(name: string, encoding: 'hex' | 'base64' = 'hex'): string {
  return createHash('sha256').update(`wrong uses: ${name}`).digest(encoding);
}

export const SERVICE_KEY = secret('key of the service');
export const WRONG_KEY = secret('wrong key of the service');
export const API_KEY = secret('API key of Temporal');
export const CODEC_TOKEN = secret('token of the codec server');
export const ENCRYPTION_KEY = secret('encryption key', 'base64');
export const OTHER_ENCRYPTION_KEY = secret('other encryption key', 'base64');

export const SECRETS: readonly string[] = [SERVICE_KEY, WRONG_KEY, API_KEY, CODEC_TOKEN, ENCRYPTION_KEY, OTHER_ENCRYPTION_KEY];
