/** `@azure/core-lro`, without durability: in the pipeline of its own HTTP library, and on the client that the other tools have. */
import { startLoadProcess } from './load-process';
import type { Tool } from './tool';

/** @param client a name of `core-lro/process.ts` */
export function coreLro(key: string, title: string, client: 'pipeline' | 'http'): Tool {
  return { key, title, isCeiling: true, start: (context) => startLoadProcess(context, 'core-lro/process', [client]) };
}
