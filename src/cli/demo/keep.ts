/** How to use what `--keep` leaves running. */
import { DEFAULT_TASK_QUEUE } from '../../contract';
import { CONNECTION } from './stage';

export interface Kept {
  address: string;
  namespace: string;
  taskQueue: string;
  configPath: string;
  serviceUrl: string;
  datasetId: string;
}

/** Text with commands to copy. */
export function keepText({ address, namespace, taskQueue, configPath, serviceUrl, datasetId }: Kept): string {
  const exports = [
    `export TEMPORAL_ADDRESS=${address}`,
    ...(namespace === 'default' ? [] : [`export TEMPORAL_NAMESPACE=${namespace}`]),
    ...(taskQueue === DEFAULT_TASK_QUEUE ? [] : [`export LRO_TASK_QUEUE=${taskQueue}`]),
  ];
  return [
    '  Everything stays up until Ctrl-C. A program of your own, in another terminal:',
    '',
    ...[
      ...exports,
      `node examples/typescript/tileset.mjs ${datasetId}   # prints the location of a tileset`,
      'node examples/typescript/tileset.mjs no-such-dataset   # prints why it was rejected',
    ].map((line) => `    ${line}`),
    '',
    `  connection "${CONNECTION}" → ${serviceUrl}, task queue "${taskQueue}", the worker's file ${configPath}`,
  ].join('\n');
}
