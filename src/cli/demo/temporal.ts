/**
 * The Temporal of the demo: the server that `TEMPORAL_ADDRESS` names, or a dev server of its own with a Web UI.
 *
 * Keeps true: no credentials of the user are sent to the demo's own server: settings of the environment and of `temporal.toml` are ignored
 * then, in this process and in those it starts.
 */
import { createServer } from 'node:net';
import { join } from 'node:path';
import { provisionTemporalCli, startDevServer, type DevServer, type ProgramSource } from '../../devserver';
import { SEARCH_ATTRIBUTE_TYPES } from '../../setup';
import { reasonOf } from '../../text/reason';
import { UnreachableError } from '../lro/failures';
import { requireListening } from '../lro/reach';

export interface DemoTemporal {
  address: string;
  namespace: string;
  /** For the screen. */
  description: string;
  /** The program that serves it, and where it was found; absent for a server that already existed. */
  program?: string;
  /** Base URL of the Web UI, where it is known. */
  uiUrl?: string;
  /** Absent for a server that already existed. */
  server?: DevServer;
}

const DEFAULT_PORTS = { port: 7233, uiPort: 8233 };

/** Where the Temporal CLI was found, for people. */
export const CLI_SOURCES: Record<ProgramSource, string> = {
  environment: 'TEMPORAL_CLI_PATH',
  path: 'the PATH',
  cache: 'the cache',
  'sdk-download': 'a download, now in the cache',
  wheel: 'a wheel, now in the cache',
};

export interface TemporalOptions {
  /** For the database and the log. */
  folder: string;
  /** Use Temporal's default ports if they are free, so that other programs find it without settings. */
  usualPorts: boolean;
  /** Web UI of a server that already exists. */
  uiUrl?: string;
  onStep: (message: string) => void;
}

/** @throws ProvisionError, ChildStartError, UnreachableError */
export async function findTemporal({ folder, usualPorts, uiUrl, onStep }: TemporalOptions): Promise<DemoTemporal> {
  const named = process.env['TEMPORAL_ADDRESS'];
  if (named) {
    await requireListening(named).catch((err: unknown) => {
      throw new UnreachableError(
        `nobody answers at ${named}, which TEMPORAL_ADDRESS names (${reasonOf(err)}); without it the demo starts its own`,
      );
    });
    return {
      address: named,
      namespace: process.env['TEMPORAL_NAMESPACE'] ?? 'default',
      description: `the server that TEMPORAL_ADDRESS names: ${named}`,
      uiUrl: uiUrl?.replace(/\/+$/, ''),
    };
  }
  const { path, source } = await provisionTemporalCli({ onStep });
  const ports = usualPorts && (await areFree(Object.values(DEFAULT_PORTS))) ? DEFAULT_PORTS : {};
  const server = await startDevServer({
    cliPath: path,
    ui: true,
    databaseFile: join(folder, 'temporal.db'),
    logFile: join(folder, 'temporal.log'),
    searchAttributes: SEARCH_ATTRIBUTE_TYPES,
    ...ports,
  });
  useOwnServer(server, folder);
  return {
    address: server.address,
    namespace: server.namespace,
    description: `dev server at ${server.address}, pid ${server.pid}`,
    program: `${path} (from ${CLI_SOURCES[source]})`,
    uiUrl: server.uiUrl,
    server,
  };
}

/** What `@temporalio/envconfig` reads, here and in the worker. */
function useOwnServer(server: DevServer, folder: string): void {
  for (const [name, value] of Object.entries(ownTemporalEnvironment(server.address, folder))) {
    if (value === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = value;
  }
}

/**
 * Changes of the environment by which a process uses the server at `address` and nothing of the user's own settings; `undefined` removes a
 * variable.
 * @param folder in which there is no `temporal.toml`
 */
export function ownTemporalEnvironment(address: string, folder: string): Record<string, string | undefined> {
  const settings = Object.keys(process.env).filter((name) => /^TEMPORAL_(?!CLI_PATH|TEST_SERVER_PATH)/.test(name));
  return {
    ...Object.fromEntries(settings.map((name) => [name, undefined])),
    TEMPORAL_ADDRESS: address,
    // A file that does not exist, instead of the one in the home folder.
    TEMPORAL_CONFIG_FILE: join(folder, 'temporal.toml'),
  };
}

/** The Web UI's page of one workflow, or of all. */
export function workflowLink({ uiUrl, namespace }: DemoTemporal, workflowId?: string): string | undefined {
  if (uiUrl === undefined) return undefined;
  const workflows = `${uiUrl}/namespaces/${encodeURIComponent(namespace)}/workflows`;
  return workflowId === undefined ? workflows : `${workflows}/${encodeURIComponent(workflowId)}`;
}

async function areFree(ports: readonly number[]): Promise<boolean> {
  return (await Promise.all(ports.map(isFree))).every(Boolean);
}

/** Whether nothing listens on a port of the loopback address now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
