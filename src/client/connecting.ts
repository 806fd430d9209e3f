/** A Temporal client as the environment, `temporal.toml` and the caller say. */
import { Client, Connection, type ClientOptions } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { encryptedData, keysOfEnvironment, KeySource } from '../encryption';
import { reasonOf } from '../text/reason';
import { requireOptions } from './given';
import type { FairnessBy } from './priority';

/** Of {@link LroClient.connect}. */
export interface LroConnectOptions extends Partial<Pick<ClientOptions, 'namespace'>> {
  /** Of the workers; default `lro`. */
  taskQueue?: string;
  /** As of the constructor. */
  fairnessBy?: FairnessBy;
  /** `host:port`; default: what the environment says. */
  address?: string;
  /** What payloads are encrypted with; default: `LRO_ENCRYPTION_KEYS_FILE` or `LRO_ENCRYPTION_KEYS`, else they are not. */
  encryption?: KeySource;
}

/** @throws TypeError, ConfigError; Error where Temporal cannot be reached, with its address */
export async function openClient(options: LroConnectOptions): Promise<{ client: Client; connection: Connection }> {
  requireOptions(options, ['address', 'namespace', 'taskQueue', 'fairnessBy', 'encryption']);
  const { encryption = keysOfEnvironment() } = options;
  if (!(encryption instanceof KeySource)) throw new TypeError('encryption: must be a KeySource: KeySource.ofFile(path) makes one');
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
  const address = options.address ?? connectionOptions.address;
  const connection = await Connection.connect({ ...connectionOptions, address }).catch((err: unknown) => {
    const where = address ?? 'localhost:7233';
    throw new Error(`Temporal cannot be reached at ${where}: ${reasonOf(err)}; TEMPORAL_ADDRESS, or "address", names it`, { cause: err });
  });
  const client = new Client({ connection, namespace: options.namespace ?? namespace, dataConverter: encryptedData(encryption) });
  return { client, connection };
}
