/**
 * Connects the worker to Temporal, with the settings that `@temporalio/envconfig` reads: `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `TEMPORAL_API_KEY`, TLS,
 * `temporal.toml`.
 */
import { NativeConnection } from '@temporalio/worker';
import { reasonOf } from '../text/reason';
import { whyNotReached } from '../transport/probe';
import { temporalSettings } from '../transport/temporal-settings';

/** Timeout of connecting, and of the question about the namespace. The SDK's own is half a minute. */
const CONNECT_SECONDS = 10;

/** Temporal did not answer; the message names the address and how to set another. */
export class TemporalUnreachableError extends Error {
  override readonly name = 'TemporalUnreachableError';
}

/**
 * Connects, and asks for the namespace to be sure that there is one.
 * @throws TemporalUnreachableError, ConfigError
 */
export async function connectTemporal(): Promise<{ connection: NativeConnection; namespace: string; address: string }> {
  const { connectionOptions, namespace, address } = temporalSettings();
  const help =
    'Set TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE (and TEMPORAL_API_KEY or TLS for Temporal Cloud), or name a profile of temporal.toml.';
  let connection: NativeConnection;
  try {
    connection = await inTime(NativeConnection.connect({ ...connectionOptions, address }));
  } catch (err) {
    const reason = (await whyNotReached(address, connectionOptions.tls)) ?? inWords(firstLineOf(err));
    throw new TemporalUnreachableError(`Temporal cannot be reached at ${address}: ${reason}\n${help}`);
  }
  try {
    await connection.withDeadline(Date.now() + CONNECT_SECONDS * 1000, () => connection.workflowService.describeNamespace({ namespace }));
  } catch (err) {
    await connection.close();
    throw new TemporalUnreachableError(
      `Temporal at ${address} does not offer namespace "${namespace}": ${inWords(firstLineOf(err))}\n${help}`,
    );
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

/** What the SDK's core has of a call's answer, without its Rust. */
function inWords(message: string): string {
  const [, code = '', said = ''] = /code: '([^']*)', message: "([^"]*)"/.exec(message) ?? [];
  if (/authentication|permission/.test(code)) return `it refuses the credentials (${said || code}); TEMPORAL_API_KEY holds them`;
  if (code !== '') return said || code;
  return message.includes('tonic::') ? 'the connection was closed without an answer' : message;
}
