/** Temporal's dev server with a database file, and a client of it: what the tools on Temporal share. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { startDevServer } from '../src/devserver';
import { atEnd, isEnding } from './ending';

export interface Temporal {
  address: string;
  pid: number;
  client: Client;
  /** An empty folder, gone at the end. */
  folder: string;
  stop(): Promise<void>;
}

export async function startTemporal(): Promise<Temporal> {
  const folder = mkdtempSync(join(tmpdir(), 'durable-lro-bench-'));
  const removeFolder = atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const server = await startDevServer({ databaseFile: join(folder, 'temporal.db') });
  const connection = await Connection.connect({ address: server.address });
  return {
    address: server.address,
    pid: server.pid,
    client: new Client({ connection }),
    folder,
    stop: atEnd(async () => {
      // On an early end calls may be open, and would throw where nothing catches it.
      if (!isEnding()) await connection.close();
      await server.stop();
      await removeFolder();
    }),
  };
}
