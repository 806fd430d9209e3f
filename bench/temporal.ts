/**
 * Temporal's dev server with a database file, a client of it, and what it has kept: what the tools on Temporal share. Durable as the other
 * databases here: what is written outlives the death of any process, though not always a power cut.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import axios from 'axios';
import Database from 'libsql';
import { findFreePorts, startDevServer } from '../src/devserver';
import { atEnd, isEnding } from './ending';
import { EventCount } from './history';
import { actionsInMetrics } from './temporal-actions';
import type { Kept } from './tools/tool';

export interface Temporal {
  address: string;
  pid: number;
  client: Client;
  /** An empty folder, gone at the end. */
  folder: string;
  kept: () => Promise<Required<Kept>>;
  /** What the server has counted as actions. */
  actions: () => Promise<number>;
  stop(): Promise<void>;
}

/** The server adds up its metrics about once a second. */
const METRICS_DELAY_MS = 2000;

export async function startTemporal(): Promise<Temporal> {
  const folder = mkdtempSync(join(tmpdir(), 'durable-lro-bench-'));
  const removeFolder = atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const databaseFile = join(folder, 'temporal.db');
  const [metricsPort = 0] = await findFreePorts(1, '127.0.0.1');
  const server = await startDevServer({ databaseFile, metricsPort });
  const connection = await Connection.connect({ address: server.address });
  const client = new Client({ connection });
  const events = new EventCount(client);
  return {
    address: server.address,
    pid: server.pid,
    client,
    folder,
    kept: async () => ({ events: await events.total(), bytes: databaseBytes(databaseFile) }),
    actions: async () => {
      await new Promise((resume) => setTimeout(resume, METRICS_DELAY_MS));
      const { data } = await axios.get<string>(`http://127.0.0.1:${metricsPort}/metrics`, { proxy: false, responseType: 'text' });
      return actionsInMetrics(data, server.namespace);
    },
    stop: atEnd(async () => {
      // On an early end calls may be open, and would throw where nothing catches it.
      if (!isEnding()) await connection.close();
      await server.stop();
      await removeFolder();
    }),
  };
}

/** Of the pages that are in use, those of the write-ahead log included. */
function databaseBytes(file: string): number {
  const database = new Database(file, { readonly: true });
  try {
    const pragma = (name: string): number => Number(Object.values(database.prepare(`PRAGMA ${name}`).get() as object)[0]);
    return (pragma('page_count') - pragma('freelist_count')) * pragma('page_size');
  } finally {
    database.close();
  }
}
