/** `lro setup` and the worker's warning, on a server of its own: every other file of tests needs the search attributes there. */
import { Connection } from '@temporalio/client';
import type { Logger } from 'pino';
import { startDevServer, type DevServer } from '../../src/devserver';
import { warnOfMissingSearchAttributes } from '../../src/hosting/search-attribute-warning';
import { findSearchAttributes, SEARCH_ATTRIBUTE_TYPES, setUpNamespace, type SetupResult } from '../../src/setup';
import { writeConfig } from '../support/config';
import { eventually } from '../support/eventually';
import { runLro, type CommandEnd } from '../support/lro-command';
import { startWorkerProcess } from '../support/programs';

const NAMES = Object.keys(SEARCH_ATTRIBUTE_TYPES);

let server: DevServer;
let connection: Connection;

beforeAll(async () => {
  // New namespaces are known at once.
  server = await startDevServer({ dynamicConfig: { 'system.namespaceCacheRefreshInterval': '100ms' } });
  connection = await Connection.connect({ address: server.address });
});

afterAll(async () => {
  await connection.close();
  await server.stop();
});

function command(namespace: string, ...args: string[]): Promise<CommandEnd> {
  return runLro(['setup', ...args], { TEMPORAL_ADDRESS: server.address, TEMPORAL_NAMESPACE: namespace });
}

/** What the command does, without a process. */
function setUp(namespace: string, createWithRetentionDays?: number): Promise<SetupResult> {
  return setUpNamespace(connection, { address: server.address, namespace, createWithRetentionDays });
}

/** What a worker's log says about them at its start. */
async function warningOf(namespace: string): Promise<Record<string, unknown>> {
  const configPath = writeConfig({ maps: { baseUrl: 'http://127.0.0.1:1' } });
  const worker = await startWorkerProcess({
    configPath,
    address: server.address,
    taskQueue: 'lro',
    env: { TEMPORAL_NAMESPACE: namespace },
  });
  try {
    const output = await eventually(
      () => Promise.resolve(worker.output()),
      (said) => said.includes('search attributes'),
    );
    return JSON.parse(output.split('\n').find((line) => line.includes('search attributes')) ?? '{}') as Record<string, unknown>;
  } finally {
    await worker.stop();
  }
}

test('a namespace without them is warned of by a worker, set up once, and found set up after that', async () => {
  const warning = await warningOf('default');
  expect(warning).toMatchObject({ namespace: 'default', missing: NAMES, level: 'warn' });
  expect(warning.msg).toContain('"lro setup" registers them');

  const listed = await runLro(['list', '--trouble', '--address', server.address, '--namespace', 'default'], {});
  const refusal = 'namespace "default" cannot be filtered by LroTrouble, which it does not have: lro setup registers them';
  expect(listed).toMatchObject({ code: 2, stdout: '', stderr: `${refusal}\n` });
  const all = await runLro(['list', '--address', server.address], {});
  expect(all).toMatchObject({ code: 0, stdout: 'there are none\n' });
  expect(all.stderr).toContain('lacks LroStatus, LroConnection, LroOperationId, LroTrouble; lro setup registers them');

  const first = await command('default');
  expect(first).toMatchObject({ code: 0, stderr: '' });
  for (const name of NAMES) expect(first.stdout).toContain(`${name}: registered now`);
  const found = await findSearchAttributes(connection, 'default');
  expect(found).toEqual(NAMES.map((name) => ({ name, type: 'Keyword' })));

  const second = await command('default', '--json');
  const result = JSON.parse(second.stdout) as SetupResult;
  expect({ code: second.code, ...result }).toMatchObject({ code: 0, complete: true, cloud: false, namespaceCreated: false, commands: [] });
  expect(result.searchAttributes).toEqual(NAMES.map((name) => ({ name, type: 'Keyword', outcome: 'there' })));
});

test('one that has another type is left as it is, said with its remedy, and warned of', async () => {
  await setUp('mixed', 1);
  await connection.operatorService.removeSearchAttributes({ namespace: 'mixed', searchAttributes: ['LroStatus', 'LroTrouble'] });
  const INT = 3 as never;
  await connection.operatorService.addSearchAttributes({ namespace: 'mixed', searchAttributes: { LroStatus: INT } });
  await eventually(
    () => findSearchAttributes(connection, 'mixed'),
    (found) =>
      found.find(({ name }) => name === 'LroStatus')?.type === 'Int' && !found.some(({ name, type }) => name === 'LroTrouble' && type),
  );
  const warnings: unknown[] = [];
  const log = { warn: (fields: unknown) => warnings.push(fields) } as unknown as Logger;
  await warnOfMissingSearchAttributes(connection, 'mixed', log);
  expect(warnings).toEqual([{ namespace: 'mixed', missing: ['LroStatus (registered as Int, not Keyword)', 'LroTrouble'] }]);

  const { code, stdout } = await command('mixed');
  expect(code).toBe(1);
  expect(stdout).toMatch(/LroStatus: is of type Int.*LroConnection: is there.*LroOperationId: is there.*LroTrouble: registered now/s);
  expect(stdout).toContain('temporal operator search-attribute remove --namespace mixed --name LroStatus');
  // The remedy is one.
  await connection.operatorService.removeSearchAttributes({ namespace: 'mixed', searchAttributes: ['LroStatus'] });
  await expect(setUp('mixed')).resolves.toMatchObject({ complete: true });
  await warnOfMissingSearchAttributes(connection, 'mixed', log);
  expect(warnings).toHaveLength(1);
});

test('a namespace is made where it is asked for only, and once', async () => {
  await expect(setUp('new')).rejects.toThrow('NOT_FOUND');
  const [refused, ...both] = await Promise.all([command('newer'), setUp('new', 3), setUp('new', 3)]);
  expect(refused.stderr).toContain('Temporal has no namespace "newer"; name another (--namespace), or make it with --create-namespace');
  expect(refused.code).toBe(3);
  expect(both.map(({ complete }) => complete)).toEqual([true, true]);
  expect(both.filter(({ namespaceCreated }) => namespaceCreated)).toHaveLength(1);
  const again = await command('new', '--create-namespace', '--retention-days', '9');
  expect(again).toMatchObject({ code: 0, stdout: expect.not.stringContaining('made now') as string });
  const { config } = await connection.workflowService.describeNamespace({ namespace: 'new' });
  expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(3 * 86_400);
});

test('wrong arguments are exit code 2, a server that is not there 3', async () => {
  const [alone, part, away] = await Promise.all([
    command('default', '--retention-days', '3'),
    command('default', '--create-namespace', '--retention-days', '0.5'),
    runLro(['setup'], { TEMPORAL_ADDRESS: '127.0.0.1:1' }),
  ]);
  expect(alone).toMatchObject({ code: 2, stderr: '--retention-days needs --create-namespace\n' });
  expect(part).toMatchObject({ code: 2, stderr: '--retention-days must be a whole number from 1 to 3650\n' });
  expect(away.stderr).toContain('Temporal cannot be reached at 127.0.0.1:1');
  expect(away.code).toBe(3);
});
