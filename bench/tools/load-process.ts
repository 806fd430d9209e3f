/** A tool that is a Node process of its own, which runs loads where it is (`serveLoads`): all that its `Tool` has to say is the script. */
import { join } from 'node:path';
import { startChild } from '../../src/devserver';
import { LOADS_READY_LINE, sendLoad } from '../control';
import { atEnd } from '../ending';
import { NODE_SETTINGS } from '../limits';
import type { RunningTool, ToolContext } from './tool';

/** @param script below `bench`, without its extension @param args after the URLs of the service */
export async function startLoadProcess({ service }: ToolContext, script: string, args: readonly string[] = []): Promise<RunningTool> {
  const child = await startChild({
    name: script,
    command: process.execPath,
    args: [join(__dirname, `../${script}.js`), service.urls.plain, service.urls.tls, ...args],
    env: { ...NODE_SETTINGS, ...service.trust },
    readyLine: LOADS_READY_LINE,
  });
  const url = child.ready?.[1] ?? '';
  return {
    workerPid: child.pid,
    serverPids: [],
    run: (load) => sendLoad(url, load),
    open: (load) => {
      // It never ends: it fails when its process is stopped, which is expected, or before, which the counts show.
      sendLoad(url, load).catch(() => undefined);
      return Promise.resolve();
    },
    stop: atEnd(async () => {
      await child.stop();
    }),
  };
}
