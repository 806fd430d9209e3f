/** The project's own programs as processes, for tests that kill them. */
import { resolve } from 'node:path';
import { startChild, type Child } from '../../src/devserver';
import { EmulatorAdmin } from '../../src/emulator';

const DIST = resolve(__dirname, '../../dist');

export interface EmulatorProcess extends Child {
  url: string;
  admin: EmulatorAdmin;
}

/** @param args as of `lro-emulator`; a `--port` is needed where it is to be started again */
export async function startEmulatorProcess(args: string[] = []): Promise<EmulatorProcess> {
  const child = await startChild({
    name: 'emulator',
    command: process.execPath,
    args: [resolve(DIST, 'emulator/main.js'), ...args],
    readyLine: /emulator ready at (http\S+)/,
  });
  const url = child.ready?.[1] ?? '';
  return Object.assign(child, { url, admin: new EmulatorAdmin(url) });
}

/** The worker as `npm start` runs it. Resolves when it takes work. */
export function startWorkerProcess(options: {
  configPath: string;
  address: string;
  taskQueue: string;
  env?: NodeJS.ProcessEnv;
  logFile?: string;
  /** Path of another build's `worker.js`. */
  program?: string;
}): Promise<Child> {
  return startChild({
    name: 'worker',
    command: process.execPath,
    args: [options.program ?? resolve(DIST, 'worker.js')],
    env: {
      ...process.env,
      LRO_LOG_LEVEL: 'debug',
      ...options.env,
      TEMPORAL_ADDRESS: options.address,
      LRO_CONFIG: options.configPath,
      LRO_TASK_QUEUE: options.taskQueue,
    },
    readyLine: /worker ready.*/,
    stopGraceSeconds: 60,
    ...(options.logFile === undefined ? {} : { logFile: options.logFile }),
  });
}
