/** Polls without durability: nothing but Node's own http, the ceiling. */
import { startLoadProcess } from './load-process';
import type { Tool } from './tool';

export const bare: Tool = {
  key: 'bare',
  title: "Node's http alone, not durable (ceiling)",
  isCeiling: true,
  start: (context) => startLoadProcess(context, 'bare/process'),
};
