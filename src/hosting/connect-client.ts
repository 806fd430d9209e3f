/** A client of Temporal for a process that goes on without it, and has it again when it is back. */
import { Client, Connection } from '@temporalio/client';
import { encryptedData, type KeySource } from '../encryption';
import { temporalSettings } from '../transport/temporal-settings';

/** With the settings that `@temporalio/envconfig` reads, like the worker. Connects with the first call. @throws ConfigError */
export function connectLazily(encryption?: KeySource): { client: Client & { connection: Connection }; address: string } {
  const { connectionOptions, namespace, address } = temporalSettings();
  const connection = Connection.lazy({ ...connectionOptions, address });
  const client = new Client({ connection, namespace, dataConverter: encryptedData(encryption) });
  return { client: Object.assign(client, { connection }), address };
}
