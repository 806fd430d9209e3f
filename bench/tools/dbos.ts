/** DBOS on PostgreSQL. */
import { postgresMissing, startPostgres } from '../postgres';
import { startLoadProcess } from './load-process';
import type { Tool } from './tool';

/** Workflows for one operation each are 1.5 times as fast as with thousands open at once. */
const MAX_OPEN = 200;

/** @param shape a durable workflow for each operation, or one for each set of them */
export function dbos(key: string, title: string, shape: 'operation' | 'set'): Tool {
  return {
    key,
    title,
    missing: postgresMissing,
    start: async (context) => {
      const postgres = await startPostgres();
      const running = await startLoadProcess(context, 'dbos/process', [postgres.databaseUrl, shape]);
      return {
        ...running,
        serverPids: [postgres.pid],
        run: (load) => running.run(shape === 'operation' && load.spreadSeconds === 0 ? { ...load, maxOpen: MAX_OPEN } : load),
        kept: () => Promise.resolve({ bytes: postgres.databaseBytes() }),
        stop: async () => {
          await running.stop();
          await postgres.stop();
        },
      };
    },
  };
}
