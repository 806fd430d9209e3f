/** Names of variables that are mistyped, and what `node dist/worker.js --help` says. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { unknownVariables, WORKER_VARIABLES } from '../../src/hosting/variables';
import { WORKER_VARIABLE_NAMES } from '../../src/hosting/settings';

test('a mistyped variable is named with the one that was probably meant', () => {
  expect(unknownVariables({ LRO_CONFG: 'x', LRO_TASKQUEUE: 'x', LRO_QWERTYUIOP: 'x' })).toEqual([
    'LRO_CONFG is no variable that is read; did you mean LRO_CONFIG?',
    'LRO_QWERTYUIOP is no variable that is read',
    'LRO_TASKQUEUE is no variable that is read; did you mean LRO_TASK_QUEUE?',
  ]);
});

test('no variable of another program, of this one or of Kubernetes is unknown', () => {
  const ofKubernetes = [
    'LRO_SERVICE_HOST',
    'LRO_SERVICE_PORT',
    'LRO_SERVICE_PORT_HTTP',
    'LRO_PORT',
    'LRO_PORT_8081_TCP_ADDR',
    'LRO_METRICS_PORT',
  ];
  const ofOthers = ['LRO_WEBHOOKS_LISTEN', 'LRO_CODEC_TOKEN_FILE', 'LRO_CACHE_DIR'];
  const names = [...Object.keys(WORKER_VARIABLES), ...ofKubernetes, ...ofOthers];
  expect(unknownVariables(Object.fromEntries(names.map((name) => [name, 'x'])))).toEqual([]);
});

test('all variables that a worker reads are in its help, and in the docs', () => {
  const own = WORKER_VARIABLE_NAMES.filter((name) => name.startsWith('LRO_'));
  expect(Object.keys(WORKER_VARIABLES)).toEqual(expect.arrayContaining([...own]));
  const docs = ['configuration', 'operations', 'metrics', 'encryption', 'kubernetes', 'ui', 'nexus', 'performance']
    .map((page) => readFileSync(resolve(__dirname, `../../docs/${page}.md`), 'utf8'))
    .join('\n');
  expect(Object.keys(WORKER_VARIABLES).filter((name) => !docs.includes(name))).toEqual([]);
});
