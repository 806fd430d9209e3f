/** How to use what the demo leaves running. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { DEFAULT_TASK_QUEUE } from '../../contract';
import { CONNECTION, PACKAGE } from './stage';

export interface Kept {
  address: string;
  namespace: string;
  taskQueue: string;
  configPath: string;
  serviceUrl: string;
  datasetId: string;
}

/** Of a clone; the packed package has none. */
const EXAMPLES = resolve(__dirname, '../../../examples/typescript');

/** Lines with commands to copy, none longer than 100 columns unless a path is. */
export function keepLines({ address, namespace, taskQueue, configPath, serviceUrl, datasetId }: Kept): string[] {
  const isClone = existsSync(EXAMPLES);
  const lro = isClone ? 'npm run -s lro --' : 'npx lro';
  const exports = [
    `export TEMPORAL_ADDRESS=${address}`,
    ...(namespace === 'default' ? [] : [`export TEMPORAL_NAMESPACE=${namespace}`]),
    ...(taskQueue === DEFAULT_TASK_QUEUE ? [] : [`export LRO_TASK_QUEUE=${taskQueue}`]),
  ];
  const programs = [
    '# prints the location of a tileset',
    `node examples/typescript/tileset.mjs ${datasetId}`,
    '# prints why it was rejected',
    'node examples/typescript/tileset.mjs no-such-dataset',
    `# a tileset from the drawing package of the demo`,
    `node examples/typescript/building.mjs ${PACKAGE}`,
  ];
  const commands = [
    '# the command line, with a live line',
    `${lro} run --connection ${CONNECTION} --path /styles --body '{"version":8}'`,
    `${lro} tileset build --connection ${CONNECTION} --package ${PACKAGE} --wait`,
    `${lro} list`,
  ];
  return [
    'Everything stays up until Ctrl-C, also the links above. In another terminal:',
    '',
    ...[...exports, ...(isClone ? programs : []), ...commands].map((line) => `  ${line}`),
    '',
    `connection "${CONNECTION}" → ${serviceUrl}, task queue "${taskQueue}"`,
    `the worker's file: ${configPath}`,
  ];
}
