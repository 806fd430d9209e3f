/** Where Temporal is: what the environment and `temporal.toml` say, as `@temporalio/envconfig` reads them. */
import { existsSync } from 'node:fs';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { ConfigError } from '../config/mistakes';
import { reasonOf } from '../text/reason';

/** As the SDK has it. */
const DEFAULT_ADDRESS = '127.0.0.1:7233';

export type TemporalSettings = ReturnType<typeof loadClientConnectConfig> & { address: string; namespace: string };

/**
 * With an address and a namespace, whether they are said or not.
 * @param given stands over both, for flags
 * @throws ConfigError where they cannot be read, or are none
 */
export function temporalSettings(given: { address?: string; namespace?: string } = {}): TemporalSettings {
  const settings = readSettings();
  const address = given.address ?? settings.connectionOptions.address ?? DEFAULT_ADDRESS;
  const namespace = given.namespace ?? settings.namespace ?? 'default';
  const mistakes: string[] = [];
  if (!/^[^\s/]+(:\/\/[^\s/]+)?\/?$/.test(address))
    mistakes.push(`the address of Temporal must be like temporal.example.com:7233, got "${address}" (TEMPORAL_ADDRESS)`);
  if (namespace === '') mistakes.push('the namespace of Temporal must not be empty (TEMPORAL_NAMESPACE)');
  // Any other word would mean "without TLS".
  const tls = process.env['TEMPORAL_TLS'] ?? 'true';
  if (!['true', 'false', '1', '0'].includes(tls)) mistakes.push(`TEMPORAL_TLS must be true or false, got "${tls.slice(0, 100)}"`);
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return { ...settings, address, namespace };
}

function readSettings(): ReturnType<typeof loadClientConnectConfig> {
  try {
    return loadClientConnectConfig();
  } catch (err) {
    const { TEMPORAL_PROFILE: profile, TEMPORAL_CONFIG_FILE: file } = process.env;
    const places = [profile === undefined ? undefined : `TEMPORAL_PROFILE=${profile}`, file ?? 'environment and temporal.toml'];
    const where = places.filter((place) => place !== undefined).join(', ');
    const reason =
      file !== undefined && !existsSync(file) && profile !== undefined ? `${file} does not exist` : reasonOf(err).split('\n')[0];
    throw new ConfigError([`the settings of Temporal cannot be read (${where}): ${String(reason)}`]);
  }
}
