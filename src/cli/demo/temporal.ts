/**
 * The Temporal of the demo: the server that `TEMPORAL_ADDRESS` names, or a dev server of its own with a Web UI.
 *
 * Keeps true: a server of our own is never talked to with somebody's credentials. What the environment and `temporal.toml` say about
 * another server is laid aside, for this process and for those it starts.
 */
import { createServer } from 'node:net';
import { join } from 'node:path';
import { SEARCH_ATTRIBUTES } from '../../contract';
import { provisionTemporalCli, startDevServer, type DevServer, type ProgramSource } from '../../devserver';

export interface DemoTemporal {
  address: string;
  namespace: string;
  /** What the demo says about it. */
  description: string;
  /** Base URL of the Web UI, where it is known. */
  uiUrl?: string;
  /** Absent for a server that was there before. */
  server?: DevServer;
}

const DEFAULT_PORTS = { port: 7233, uiPort: 8233 };

const SOURCES: Record<ProgramSource, string> = {
  environment: 'TEMPORAL_CLI_PATH',
  path: 'the PATH',
  cache: 'the cache',
  'sdk-download': 'a download, now in the cache',
  wheel: 'a wheel, now in the cache',
};

export interface TemporalWish {
  /** For the database and the log. */
  folder: string;
  /** Take Temporal's usual ports where they are free, so that programs find it without being told. */
  usualPorts: boolean;
  /** Web UI of a server that is there already. */
  uiUrl?: string | undefined;
  onStep: (message: string) => void;
}

/** @throws ProvisionError, ChildStartError */
export async function findTemporal({ folder, usualPorts, uiUrl, onStep }: TemporalWish): Promise<DemoTemporal> {
  const named = process.env['TEMPORAL_ADDRESS'];
  if (named) {
    return {
      address: named,
      namespace: process.env['TEMPORAL_NAMESPACE'] ?? 'default',
      description: `the server that TEMPORAL_ADDRESS names: ${named}`,
      ...(uiUrl === undefined ? {} : { uiUrl: uiUrl.replace(/\/+$/, '') }),
    };
  }
  const { path, source } = await provisionTemporalCli({ onStep });
  const server = await startDevServer({
    cliPath: path,
    ui: true,
    databaseFile: join(folder, 'temporal.db'),
    logFile: join(folder, 'temporal.log'),
    searchAttributes: Object.fromEntries(Object.values(SEARCH_ATTRIBUTES).map((name) => [name, 'Keyword'] as const)),
    ...(usualPorts && (await areFree(Object.values(DEFAULT_PORTS))) ? DEFAULT_PORTS : {}),
  });
  useOwnServer(server, folder);
  return {
    address: server.address,
    namespace: server.namespace,
    description: `dev server at ${server.address}, pid ${server.pid} (CLI from ${SOURCES[source]})`,
    ...(server.uiUrl === undefined ? {} : { uiUrl: server.uiUrl }),
    server,
  };
}

/** What `@temporalio/envconfig` reads, here and in the worker. */
function useOwnServer(server: DevServer, folder: string): void {
  for (const name of Object.keys(process.env))
    if (/^TEMPORAL_(?!CLI_PATH|TEST_SERVER_PATH)/.test(name)) Reflect.deleteProperty(process.env, name);
  process.env['TEMPORAL_ADDRESS'] = server.address;
  // A file that does not exist, instead of the one in the home folder.
  process.env['TEMPORAL_CONFIG_FILE'] = join(folder, 'temporal.toml');
}

/** The page of one workflow; its slashes are part of the id. */
export function workflowLink({ uiUrl, namespace }: DemoTemporal, workflowId?: string): string | undefined {
  if (uiUrl === undefined) return undefined;
  const workflows = `${uiUrl}/namespaces/${encodeURIComponent(namespace)}/workflows`;
  return workflowId === undefined ? workflows : `${workflows}/${encodeURIComponent(workflowId)}`;
}

async function areFree(ports: readonly number[]): Promise<boolean> {
  return (await Promise.all(ports.map(isFree))).every(Boolean);
}

/** Whether nobody listens on a port of the loopback address now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
