/** The first commands: help, init, config check, completion, as processes. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMMANDS, programFor, wholeProgram } from '../../src/cli/lro/commands';
import { checkFile } from '../../src/cli/lro/config';
import { completedCommands } from '../../src/cli/lro/completion-tree';
import { temporaryFolder } from '../support/config';
import { runLro } from '../support/lro-command';

const NAMES = COMMANDS.flatMap(({ summaries }) => Object.keys(summaries));

test('what help says of a command before it is loaded is what the command says itself', async () => {
  const whole = await wholeProgram();
  const loaded = whole.commands.map((command) => [command.name(), command.description()]);
  expect(COMMANDS.flatMap(({ summaries }) => Object.entries(summaries))).toEqual(loaded);
});

test('only the command that was typed has its options', async () => {
  const program = await programFor(['config', 'check', '--json']);
  const withMore = program.commands.filter((command) => command.options.length > 0 || command.commands.length > 0);
  expect(withMore.map((command) => command.name())).toEqual(['config']);
});

test('without arguments it names its commands by theme; a mistyped one is named with the one that was meant', async () => {
  const [help, version, wrong] = await Promise.all([runLro([], {}), runLro(['--version'], {}), runLro(['doctr'], {})]);
  expect(help).toMatchObject({ code: 0, stderr: '' });
  expect(help.stdout).toMatch(/To begin:\n {2}dev [\s\S]*To find out what is wrong:\n {2}config /);
  const { version: own } = JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8')) as { version: string };
  expect(version).toEqual({ code: 0, stdout: `${own}\n`, stderr: '' });
  expect(wrong).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining("error: unknown command 'doctr'\n(Did you mean doctor?)\n") as string,
  });
});

test.each([
  ['none', '', { type: 'none' }],
  ['key-header', '--key-name X-Key', { type: 'key', in: 'header', name: 'X-Key', value: { env: 'MY_MAPS_KEY' } }],
  ['key-query', '--secret-env OTHER', { type: 'key', in: 'query', name: 'api-key', value: { env: 'OTHER' } }],
  ['bearer', '--secret-file /run/token', { type: 'bearer', value: { file: '/run/token' } }],
  ['sas', '', { type: 'sas', value: { env: 'MY_MAPS_KEY' } }],
  ['entra', '--scope a/.default', { type: 'entra', scope: 'a/.default' }],
  [
    'entra',
    '--scope a/.default --tenant-id t --client-id c',
    { type: 'entra', scope: 'a/.default', tenantId: 't', clientId: 'c', clientSecret: { env: 'MY_MAPS_KEY' } },
  ],
])('init --auth %s %s writes a file that config check finds right', async (auth, more, expected) => {
  const file = join(temporaryFolder(), 'a.yaml');
  const flags = ['--connection', 'my-maps', '--base-url', 'https://maps.example.com', '--api-version', '2.0', '--dialect', 'replicate'];
  const written = await runLro(['init', ...flags, '--auth', auth, ...more.split(' ').filter(Boolean), '--output', file], {});
  expect(written).toMatchObject({ code: 0, stderr: '' });
  const { parse } = await import('yaml');
  expect(parse(readFileSync(file, 'utf8'))).toEqual({
    connections: {
      'my-maps': { baseUrl: 'https://maps.example.com', query: { 'api-version': '2.0' }, auth: expected, dialect: 'replicate' },
    },
  });
  expect(checkFile(file)).toMatchObject({ ok: true, mistakes: [], connections: { 'my-maps': 'https://maps.example.com' } });
});

test('init replaces nothing without --force, and writes nothing that a worker would refuse', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'a.yaml');
  writeFileSync(file, 'mine');
  const init = (...flags: string[]): ReturnType<typeof runLro> => runLro(['init', '--output', file, ...flags], {});
  const refused = await init('--base-url', 'https://a.example');
  expect(refused).toMatchObject({ code: 2, stdout: '' });
  expect(refused.stderr).toContain('exists already; --force replaces it');
  expect(await init('--force', '--base-url', 'a.example')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('connections.default.baseUrl: must be an http(s) URL') as string,
  });
  expect(await init('--force')).toMatchObject({ code: 2, stderr: expect.stringContaining('--base-url <url>') as string });
  expect(await init('--force', '--base-url', 'https://a.example', '--secret-env', 'A')).toMatchObject({ code: 2 });
  expect(readFileSync(file, 'utf8')).toBe('mine');
  expect((await init('--force', '--base-url', 'https://a.example')).code).toBe(0);
  expect(readFileSync(file, 'utf8')).toContain('baseUrl: https://a.example');
});

test('config check names every mistake with its line, and exits with 2', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'a.yaml');
  writeFileSync(file, 'connections:\n  a:\n    baseURL: https://a.example\n    auth: { type: kye }\n');
  const [asText, asJson, none] = await Promise.all([
    runLro(['config', 'check', file], {}),
    runLro(['config', 'check', '--json'], { LRO_CONFIG: file }),
    runLro(['config', 'check', folder], {}),
  ]);
  expect(asText.code).toBe(2);
  const { ok, mistakes } = JSON.parse(asJson.stdout) as { ok: boolean; mistakes: string[] };
  expect(asJson.code).toBe(2);
  expect(ok).toBe(false);
  expect(mistakes).toHaveLength(3);
  expect(mistakes).toContainEqual(expect.stringMatching(/:3:\d+ connections\.a\.baseURL: .*did you mean "baseUrl"/));
  for (const mistake of mistakes) expect(asText.stdout).toContain(mistake);
  expect(none).toMatchObject({ code: 2, stdout: expect.stringContaining('is a folder, not a file') as string });
});

test('a secret that is not there is no mistake, and is named', async () => {
  const file = join(temporaryFolder(), 'a.yaml');
  writeFileSync(file, 'connections: { a: { baseUrl: "https://a.example", auth: { type: bearer, value: { env: NOT_THERE } } } }');
  expect(await runLro(['config', 'check', file], {})).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('connection "a": environment variable NOT_THERE is not set') as string,
  });
});

describe('completion', () => {
  test('knows every command and option', async () => {
    const whole = await wholeProgram();
    const completed = completedCommands(whole);
    expect(completed[0]?.words.map(({ word }) => word)).toEqual(NAMES);
    const init = completed.find(({ path }) => path.join(' ') === 'init');
    expect(init?.options.map(({ word }) => word)).toEqual(expect.arrayContaining(['--base-url', '--auth', '--help']));
    expect(completed.find(({ path }) => path.join(' ') === 'completion')?.words.map(({ word }) => word)).toEqual(['bash', 'zsh', 'fish']);
  });

  test('bash completes with it', async () => {
    const { stdout, code } = await runLro(['completion', 'bash'], {});
    expect(code).toBe(0);
    const complete = (...typed: string[]): string[] => {
      const words = typed.map((word) => `'${word}'`).join(' ');
      const call = `COMP_WORDS=(${words}); COMP_CWORD=${typed.length - 1}; _lro; printf '%s\\n' "\${COMPREPLY[@]}"`;
      return execFileSync('bash', ['-c', `${stdout}\n${call}`], { encoding: 'utf8' })
        .trim()
        .split('\n');
    };
    expect(complete('lro', 'ini')).toEqual(['init']);
    expect(complete('lro', 'config', '')).toEqual(expect.arrayContaining(['check']));
    expect(complete('lro', 'config', 'check', '--j')).toEqual(['--json']);
    expect(complete('lro', 'batch', 'st')).toEqual(['start']);
  });

  test.each(['zsh', 'fish'])('%s gets a script with every command', async (shell) => {
    const { stdout, code } = await runLro(['completion', shell], {});
    expect(code).toBe(0);
    for (const name of NAMES) expect(stdout).toContain(name);
  });
});
