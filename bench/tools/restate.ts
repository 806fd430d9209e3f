/**
 * Restate: its server, the services of `restate/service.ts`, and calls through the ingress. Durable as the other databases here: what is
 * written outlives the death of any process, though not always a power cut.
 */
import { lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { Agent } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import axios from 'axios';
import { findFreePorts, startChild } from '../../src/devserver';
import { atEnd } from '../ending';
import { SUBMIT_BODY, SUBMIT_PATH } from '../fake-service/client';
import { NODE_SETTINGS } from '../limits';
import { each, type Load } from '../load';
import { setSizes } from '../set-loop';
import type { RunningTool, Tool, ToolContext } from './tool';

/** Calls to the ingress at once: sends, and waits for results. */
const CALLS_AT_ONCE = 200;

/** The server's binary itself: the npm launcher around it would be one more process. */
function serverPath(): string {
  const requireFromHere = createRequire(__filename);
  const launcher = createRequire(requireFromHere.resolve('@restatedev/restate-server/package.json'));
  const platform = `@restatedev/restate-server-${process.platform}-${process.arch}`;
  return join(dirname(launcher.resolve(`${platform}/package.json`)), 'bin/restate-server');
}

/** @param shape an invocation for each operation, or one for each set of them */
export function restate(key: string, title: string, shape: 'operation' | 'set'): Tool {
  return { key, title, start: (context) => startRestate(context, shape) };
}

/** Written to the files below `folder`, logs included: its tables are written when they have grown. */
function bytesBelow(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).reduce((bytes, path) => {
    // Some are gone by now.
    const found = lstatSync(join(folder, path), { throwIfNoEntry: false });
    return bytes + (found?.isFile() === true ? found.size : 0);
  }, 0);
}

async function startRestate({ service }: ToolContext, shape: 'operation' | 'set'): Promise<RunningTool> {
  const folder = mkdtempSync(join(tmpdir(), 'durable-lro-bench-restate-'));
  const removeFolder = atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const [nodePort = 0, ingressPort = 0, adminPort = 0] = await findFreePorts(3, '127.0.0.1');
  const server = await startChild({
    name: 'restate-server',
    command: serverPath(),
    args: ['--base-dir', folder, '--node-name', 'bench'],
    env: {
      RESTATE_DISABLE_TELEMETRY: 'true',
      RESTATE_LISTEN_MODE: 'tcp',
      RESTATE_BIND_IP: '127.0.0.1',
      RESTATE_BIND_PORT: String(nodePort),
      RESTATE_INGRESS__BIND_PORT: String(ingressPort),
      RESTATE_ADMIN__BIND_PORT: String(adminPort),
      RESTATE_LOG_FILTER: 'warn',
      RESTATE_LOG_SERVER__ROCKSDB_DISABLE_WAL_FSYNC: 'true',
      RESTATE_BIFROST__LOCAL__ROCKSDB_DISABLE_WAL_FSYNC: 'true',
    },
    cwd: folder,
  });
  const stopServer = atEnd(async () => {
    await server.stop();
    await removeFolder();
  });
  const worker = await startChild({
    name: 'the Restate service',
    command: process.execPath,
    args: [join(__dirname, '../restate/service.js')],
    env: { ...NODE_SETTINGS, ...service.trust, NODE_ENV: 'production', RESTATE_LOGGING: 'ERROR' },
    readyLine: /^ready at (http\S+)/,
  });
  const stopWorker = atEnd(async () => {
    await worker.stop();
  });
  await register(`http://127.0.0.1:${adminPort}`, worker.ready?.[1] ?? '');

  const ingress = axios.create({
    baseURL: `http://127.0.0.1:${ingressPort}`,
    httpAgent: new Agent({ keepAlive: true, maxSockets: CALLS_AT_ONCE }),
    timeout: 0,
    proxy: false,
  });
  /** One call for each operation or set. */
  const sizesOf = (load: Load): number[] => (shape === 'set' ? setSizes(load.operations) : Array<number>(load.operations).fill(1));
  const send = (load: Load): Promise<string[]> => {
    const sizes = sizesOf(load);
    return each(
      { ...load, operations: sizes.length },
      async (id, index) => {
        const input = { url: `${service.urls[load.transport]}${SUBMIT_PATH}`, body: SUBMIT_BODY, operations: sizes[index] };
        const headers = { 'idempotency-key': id };
        return (await ingress.post<{ invocationId: string }>(`/${shape}/run/send`, input, { headers })).data.invocationId;
      },
      CALLS_AT_ONCE,
    );
  };
  return {
    workerPid: worker.pid,
    serverPids: [server.pid],
    run: async (load) => {
      const invocationIds = await send(load);
      // Throws for a handler that has failed.
      await each(
        { ...load, operations: invocationIds.length, spreadSeconds: 0 },
        (_, index) => ingress.get(`/restate/invocation/${invocationIds[index] ?? ''}/attach`),
        CALLS_AT_ONCE,
      );
    },
    open: async (load) => {
      await send(load);
    },
    kept: () => Promise.resolve({ bytes: bytesBelow(folder) }),
    stop: async () => {
      await stopWorker();
      await stopServer();
    },
  };
}

/** Registers the service with the server, as soon as that listens. */
async function register(adminUrl: string, serviceUrl: string): Promise<void> {
  const giveUpAtMs = performance.now() + 60_000;
  for (;;) {
    try {
      await axios.post(`${adminUrl}/deployments`, { uri: serviceUrl }, { timeout: 10_000, proxy: false });
      return;
    } catch (err) {
      if (performance.now() > giveUpAtMs) throw err;
      await new Promise((resume) => setTimeout(resume, 200));
    }
  }
}
