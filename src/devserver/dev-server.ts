/**
 * Temporal's own dev server with its Web UI, as a child process.
 *
 * With `databaseFile` it survives anything, kill -9 too: start it again with the same ports and file. Without, all is gone with the process.
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { ChildStartError, describeExit, lastLines, startChild } from './child-process';
import type { Child, ChildExit } from './child-process';
import { findFreePorts } from './free-ports';
import { provisionTemporalCli } from './provision';

/** The types a search attribute can have at the dev server. */
export type SearchAttributeTypeName = 'Text' | 'Keyword' | 'Int' | 'Double' | 'Bool' | 'Datetime' | 'KeywordList';

export interface DevServerOptions {
  /** Port of the gRPC frontend; absent or 0: a free one. */
  port?: number;
  /** Whether to serve the Web UI; default false. */
  ui?: boolean;
  /** Port of the Web UI; absent or 0: a free one. */
  uiPort?: number;
  /** Port of the server's own metrics, for Prometheus at `/metrics`; absent: one that nobody is told. */
  metricsPort?: number;
  /** SQLite file that keeps everything over restarts. Default: in memory. */
  databaseFile?: string;
  /** Made at start where it does not exist; default `default`. */
  namespace?: string;
  /** Registered at start, name → type. */
  searchAttributes?: Readonly<Record<string, SearchAttributeTypeName>>;
  /** Temporal's dynamic configuration, like `{ 'history.timerProcessorMaxTimeShift': '50ms' }`. */
  dynamicConfig?: Readonly<Record<string, string | number | boolean>>;
  /** A file that the server's output is appended to. */
  logFile?: string;
  /** The Temporal CLI to use; default: what `provisionTemporalCli` finds. */
  cliPath?: string;
  /** Timeout until the server answers; default 60. */
  startTimeoutSeconds?: number;
}

/** A dev server that answers. */
export interface DevServer {
  /** `host:port` of the gRPC frontend, as in `TEMPORAL_ADDRESS`. */
  readonly address: string;
  readonly port: number;
  /** Of Temporal's HTTP API. */
  readonly httpPort: number;
  readonly namespace: string;
  readonly uiUrl: string | undefined;
  readonly uiPort: number | undefined;
  readonly pid: number;
  /** SIGTERM, and SIGKILL after 10 s; resolves when it is gone. */
  stop(): Promise<void>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** What it wrote: the last MiB. */
  output(): string;
  readonly exited: Promise<ChildExit>;
}

// Not `localhost`: it may be IPv6 first, where a port that is free on IPv4 may be in use.
const HOST = '127.0.0.1';
const ATTEMPTS_FOR_FREE_PORTS = 4;
const CHECK_EVERY_MS = 100;
const ANSWER_TIMEOUT_MS = 2_000;
/** Twice as many operations a second; what was written outlives a kill of the server, though not always a power cut. */
const DATABASE_PRAGMAS = ['journal_mode=wal', 'synchronous=normal'].flatMap((pragma) => ['--sqlite-pragma', pragma]);

/** Starts the dev server and resolves when it answers for its namespace. Throws `ChildStartError` or `ProvisionError`, with nothing left running. */
export async function startDevServer(options: DevServerOptions = {}): Promise<DevServer> {
  const cliPath = options.cliPath ?? (await provisionTemporalCli()).path;
  if (options.databaseFile !== undefined) mkdirSync(dirname(options.databaseFile), { recursive: true });
  const portsAreOurs = !options.port || (options.ui === true && !options.uiPort);
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(cliPath, options);
    } catch (error) {
      // Another process may have used a free port before the server did. For the ports that it chooses itself, the server panics.
      const last = error instanceof ChildStartError ? error.lastLines : '';
      const lostRace = (portsAreOurs && /address already in use/i.test(last)) || /^panic: /m.test(last);
      if (!lostRace || attempt === ATTEMPTS_FOR_FREE_PORTS) throw error;
    }
  }
}

async function startOnce(cliPath: string, options: DevServerOptions): Promise<DevServer> {
  const { namespace = 'default' } = options;
  const [freePort = 0, httpPort = 0, freeUiPort = 0] = await findFreePorts(3, HOST);
  const port = options.port || freePort;
  const uiPort = options.ui === true ? options.uiPort || freeUiPort : undefined;
  const address = `${HOST}:${port}`;
  const child = await startChild({
    name: 'the Temporal dev server',
    command: cliPath,
    args: devServerArgs(options, namespace, { port, httpPort, uiPort }),
    // These settings are for the CLI's client commands and would disturb its server.
    env: { TEMPORAL_ADDRESS: undefined, TEMPORAL_NAMESPACE: undefined, TEMPORAL_API_KEY: undefined },
    logFile: options.logFile,
  });
  try {
    await waitUntilItAnswers(child, address, namespace, options.startTimeoutSeconds ?? 60);
  } catch (error) {
    await child.kill();
    throw error;
  }
  return {
    address,
    port,
    httpPort,
    namespace,
    uiUrl: uiPort === undefined ? undefined : `http://${HOST}:${uiPort}`,
    uiPort,
    pid: child.pid,
    stop: async () => {
      await child.stop();
    },
    kill: async () => {
      await child.kill();
    },
    output: () => child.output(),
    exited: child.exited,
  };
}

type Ports = Pick<DevServer, 'port' | 'httpPort' | 'uiPort'>;

function devServerArgs(options: DevServerOptions, namespace: string, { port, httpPort, uiPort }: Ports): string[] {
  const args = ['server', 'start-dev', '--ip', HOST, '--port', String(port), '--http-port', String(httpPort)];
  args.push('--namespace', namespace, '--log-level', 'warn');
  args.push(...(uiPort === undefined ? ['--headless'] : ['--ui-port', String(uiPort), '--ui-disable-news-fetch']));
  if (options.metricsPort !== undefined) args.push('--metrics-port', String(options.metricsPort));
  if (options.databaseFile !== undefined) args.push('--db-filename', options.databaseFile, ...DATABASE_PRAGMAS);
  for (const [name, type] of Object.entries(options.searchAttributes ?? {})) args.push('--search-attribute', `${name}=${type}`);
  for (const [key, value] of Object.entries(options.dynamicConfig ?? {})) {
    args.push('--dynamic-config-value', `${key}=${JSON.stringify(value)}`);
  }
  return args;
}

/** An open port is not enough: the frontend refuses calls until the namespace is in its cache. */
async function waitUntilItAnswers(child: Child, address: string, namespace: string, timeoutSeconds: number): Promise<void> {
  let exit: ChildExit | undefined;
  void child.exited.then((ended) => (exit = ended));
  const giveUpAt = Date.now() + timeoutSeconds * 1_000;
  const fail = (what: string): never => {
    throw new ChildStartError(`the Temporal dev server at ${address} ${what}`, lastLines(child.output()));
  };
  // Without the client's own retries, which would go on after the connection is closed.
  const connection = Connection.lazy({ address, tls: false, interceptors: [] });
  try {
    for (;;) {
      const answers = await Promise.race([describeNamespace(connection, namespace), child.exited.then(() => false)]);
      // Checked after the answer, because another process on the same port may have answered.
      if (exit) fail(`${describeExit(exit)} before it answered`);
      if (answers) return;
      if (Date.now() > giveUpAt) fail(`did not answer within ${timeoutSeconds} s`);
      await sleep(CHECK_EVERY_MS);
    }
  } finally {
    await connection.close();
  }
}

async function describeNamespace(connection: Connection, namespace: string): Promise<boolean> {
  try {
    await connection.withDeadline(Date.now() + ANSWER_TIMEOUT_MS, () => connection.workflowService.describeNamespace({ namespace }));
    return true;
  } catch {
    return false;
  }
}
