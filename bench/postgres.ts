/**
 * A new PostgreSQL cluster in a temporary folder, with Debian's programs. Durable as the other databases here: what is written outlives
 * the death of any process, though not always a power cut (`fsync = off`; `synchronous_commit` is on).
 *
 * PostgreSQL refuses root, so as root its programs run as the user that its package made.
 */
import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePorts, startChild } from '../src/devserver';
import { atEnd } from './ending';

const VERSIONS_FOLDER = '/usr/lib/postgresql';
const USER = 'postgres';

export interface Postgres {
  /** The postmaster; its backends are its children. */
  pid: number;
  /** Of a database that does not exist yet. */
  databaseUrl: string;
  /** Of the tables and indexes of the database. */
  databaseBytes(): number;
  stop(): Promise<void>;
}

/** Why there is no PostgreSQL; undefined when there is. */
export function postgresMissing(): string | undefined {
  return programsFolder() === undefined ? 'PostgreSQL not installed (apt-get install postgresql)' : undefined;
}

/** The folder of the newest version's programs. */
function programsFolder(): string | undefined {
  if (!existsSync(VERSIONS_FOLDER)) return undefined;
  return readdirSync(VERSIONS_FOLDER)
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(VERSIONS_FOLDER, version, 'bin'))
    .find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')));
}

/** The command line that runs `program` as a user that PostgreSQL accepts. */
function asUser(program: string, args: string[]): [command: string, args: string[]] {
  if (process.getuid?.() !== 0) return [program, args];
  return ['setpriv', [`--reuid=${USER}`, `--regid=${USER}`, '--init-groups', '--', program, ...args]];
}

export async function startPostgres(): Promise<Postgres> {
  const programs = programsFolder();
  if (programs === undefined) throw new Error(postgresMissing());
  const folder = mkdtempSync(join(tmpdir(), 'durable-lro-bench-postgres-'));
  const removeFolder = atEnd(() => rmSync(folder, { recursive: true, force: true }));
  if (process.getuid?.() === 0) {
    const id = (flag: string): number => Number(execFileSync('id', [flag, USER], { encoding: 'utf8' }));
    chownSync(folder, id('-u'), id('-g'));
  }
  const cluster = join(folder, 'cluster');
  const [initialize, initializeArgs] = asUser(join(programs, 'initdb'), [
    '--pgdata',
    cluster,
    '--username',
    USER,
    '--auth',
    'trust',
    '--encoding',
    'UTF8',
    '--locale',
    'C',
  ]);
  execFileSync(initialize, initializeArgs, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  const [port = 0] = await findFreePorts(1, '127.0.0.1');
  const [command, args] = asUser(join(programs, 'postgres'), [
    '-D',
    cluster,
    '-p',
    String(port),
    '-k',
    folder,
    '-c',
    'listen_addresses=127.0.0.1',
    '-c',
    'shared_buffers=512MB',
    '-c',
    'max_wal_size=4GB',
    '-c',
    'fsync=off',
  ]);
  const child = await startChild({ name: 'PostgreSQL', command, args, cwd: folder, readyLine: /ready to accept connections/ });
  const query = ['--no-psqlrc', '--tuples-only', '--no-align', '--command', 'SELECT pg_database_size(current_database())'];
  const databaseUrl = `postgresql://${USER}@127.0.0.1:${port}/bench`;
  return {
    pid: child.pid,
    databaseUrl,
    databaseBytes: () => Number(execFileSync(join(programs, 'psql'), [...query, databaseUrl], { encoding: 'utf8' })),
    stop: atEnd(async () => {
      // Its fast shutdown: SIGTERM would wait for its clients.
      await child.kill('SIGINT');
      await removeFolder();
    }),
  };
}
