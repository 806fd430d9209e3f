/**
 * Connects the worker to Temporal, with the settings that `@temporalio/envconfig` reads: `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `TEMPORAL_API_KEY`, TLS,
 * `temporal.toml`.
 */
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection } from '@temporalio/worker';
import { ConfigError } from '../config';
import { reasonOf } from '../text/reason';
import { whyNotReached } from '../transport/probe';

export const DEFAULT_ADDRESS = '127.0.0.1:7233';
/** Timeout of connecting, and of the question about the namespace. The SDK's own is half a minute. */
const CONNECT_SECONDS = 10;

/** Temporal did not answer; the message names the address and how to set another. */
export class TemporalUnreachableError extends Error {
  override readonly name = 'TemporalUnreachableError';
}

/** What the environment and `temporal.toml` say. @throws ConfigError where they cannot be read */
export function temporalSettings(): ReturnType<typeof loadClientConnectConfig> {
  try {
    return loadClientConnectConfig();
  } catch (err) {
    const { TEMPORAL_PROFILE: profile, TEMPORAL_CONFIG_FILE: file = 'temporal.toml' } = process.env;
    const where = profile === undefined ? file : `TEMPORAL_PROFILE=${profile}, ${file}`;
    throw new ConfigError([`the settings of Temporal cannot be read (${where}): ${firstLineOf(err)}`]);
  }
}

/**
 * Connects, and asks for the namespace to be sure that there is one.
 * @throws TemporalUnreachableError, ConfigError
 */
export async function connectTemporal(): Promise<{ connection: NativeConnection; namespace: string; address: string }> {
  const { connectionOptions, namespace = 'default' } = temporalSettings();
  const address = connectionOptions.address ?? DEFAULT_ADDRESS;
  const help =
    'Set TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE (and TEMPORAL_API_KEY or TLS for Temporal Cloud), or name a profile of temporal.toml.';
  let connection: NativeConnection;
  try {
    connection = await inTime(NativeConnection.connect({ ...connectionOptions, address }));
  } catch (err) {
    const reason = (await whyNotReached(address, Boolean(connectionOptions.tls))) ?? firstLineOf(err);
    throw new TemporalUnreachableError(`Temporal cannot be reached at ${address}: ${reason}\n${help}`);
  }
  try {
    await connection.withDeadline(Date.now() + CONNECT_SECONDS * 1000, () => connection.workflowService.describeNamespace({ namespace }));
  } catch (err) {
    await connection.close();
    throw new TemporalUnreachableError(`Temporal at ${address} does not offer namespace "${namespace}": ${firstLineOf(err)}\n${help}`);
  }
  return { connection, namespace, address };
}

async function inTime<T>(connecting: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${CONNECT_SECONDS} s`)), CONNECT_SECONDS * 1000);
  });
  try {
    return await Promise.race([connecting, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The SDK's messages have the server's answer in further lines. */
function firstLineOf(err: unknown): string {
  return reasonOf(err).split('\n')[0] ?? '';
}
