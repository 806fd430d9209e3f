/** A client of Temporal for a process that goes on without it, and has it again when it is back. */
import { Client, Connection } from '@temporalio/client';
import { encryptedData, type KeySource } from '../encryption';
import { DEFAULT_ADDRESS, temporalSettings } from './connect';

/** With the settings that `@temporalio/envconfig` reads, like the worker. Connects with the first call. @throws ConfigError */
export function connectLazily(encryption?: KeySource): { client: Client & { connection: Connection }; address: string } {
  const { connectionOptions, namespace = 'default' } = temporalSettings();
  const address = connectionOptions.address ?? DEFAULT_ADDRESS;
  const connection = Connection.lazy({ ...connectionOptions, address });
  const client = new Client({ connection, namespace, dataConverter: encryptedData(encryption) });
  return { client: Object.assign(client, { connection }), address };
}
