/** The secrets that the environment of a process holds, besides those that its file names. */
import { loadClientConnectConfig } from '@temporalio/envconfig';

/** Keys of 128 bits and more, in Base64, as they stand in a text with other things. */
const BASE64_KEY = /[A-Za-z0-9+/_-]{22,}={0,2}/g;

/** Never throws: what cannot be read is refused where it is used. */
export function processSecrets(env: NodeJS.ProcessEnv): string[] {
  const headers = [env['OTEL_EXPORTER_OTLP_HEADERS'], env['OTEL_EXPORTER_OTLP_TRACES_HEADERS']].flatMap((text) => (text ?? '').split(','));
  return [
    env['TEMPORAL_API_KEY'] ?? '',
    env['TEMPORAL_TLS_CLIENT_KEY_DATA'] ?? '',
    temporalKey() ?? '',
    ...headers.flatMap((header) => headerSecrets(header.slice(header.indexOf('=') + 1))),
    ...((env['LRO_ENCRYPTION_KEYS'] ?? '').match(BASE64_KEY) ?? []),
  ].filter((secret) => secret.length > 0);
}

/** Of a header's value, encoded as in a URL or not: whole, and without the scheme before it. */
function headerSecrets(value: string): string[] {
  let decoded = value;
  try {
    decoded = decodeURIComponent(value);
  } catch {
    // Stands there as it is.
  }
  return [...new Set([value.trim(), decoded.trim(), decoded.trim().replace(/^\w+\s+/, '')])];
}

/** The key may stand in a profile of `temporal.toml` as well. */
function temporalKey(): string | undefined {
  try {
    const { apiKey } = loadClientConnectConfig().connectionOptions;
    return typeof apiKey === 'string' ? apiKey : undefined;
  } catch {
    return undefined;
  }
}
