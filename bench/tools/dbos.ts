/** DBOS on PostgreSQL. */
import { join } from 'node:path';
import { startChild } from '../../src/devserver';
import { LOADS_READY_LINE, sendLoad } from '../control';
import { atEnd } from '../ending';
import { postgresMissing, startPostgres } from '../postgres';
import { openLoad, type Tool } from './tool';

/** 1.5 times as fast as with thousands open at once. */
const MAX_OPEN = 200;

export const dbos: Tool = {
  key: 'dbos',
  title: 'DBOS on PostgreSQL',
  missing: postgresMissing,
  start: async ({ service }) => {
    const postgres = await startPostgres();
    const child = await startChild({
      name: 'DBOS',
      command: process.execPath,
      args: [join(__dirname, '../dbos/process.js'), service.url, postgres.databaseUrl],
      readyLine: LOADS_READY_LINE,
    });
    const url = child.ready?.[1] ?? '';
    const stopChild = atEnd(async () => {
      await child.stop();
    });
    return {
      workerPid: child.pid,
      serverPids: [postgres.pid],
      run: (load) => sendLoad(url, load.spreadSeconds === 0 ? { ...load, maxOpen: MAX_OPEN } : load),
      open: (load) => openLoad(sendLoad(url, load)),
      stop: async () => {
        await stopChild();
        await postgres.stop();
      },
    };
  },
};
