/** `@azure/core-lro`, without durability. */
import { join } from 'node:path';
import { startChild } from '../../src/devserver';
import { LOADS_READY_LINE, sendLoad } from '../control';
import { atEnd } from '../ending';
import { openLoad, type Tool } from './tool';

export const coreLro: Tool = {
  key: 'core-lro',
  title: '@azure/core-lro, not durable (ceiling)',
  start: async ({ service }) => {
    const child = await startChild({
      name: 'core-lro',
      command: process.execPath,
      args: [join(__dirname, '../core-lro/process.js'), service.url],
      readyLine: LOADS_READY_LINE,
    });
    const url = child.ready?.[1] ?? '';
    return {
      workerPid: child.pid,
      serverPids: [],
      run: (load) => sendLoad(url, load),
      open: (load) => openLoad(sendLoad(url, load)),
      stop: atEnd(async () => {
        await child.stop();
      }),
    };
  },
};
