/**
 * Every block of code on the pages is what it says: commands of `lro` are those that there are, YAML is a file that a worker takes, JSON and programs
 * can be read, and what a shell calls is there. Links: contributor-docs.test.ts; programs that run: test/examples, embedding-docs.test.ts.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync } from '@swc/core';
import { CommanderError, type Command } from 'commander';
import { parse } from 'yaml';
import { wholeProgram } from '../../src/cli/lro/commands';
import { loadConfig } from '../../src/config';
import { FAILURE_TYPES, TROUBLE_KINDS, type BatchInput } from '../../src/contract';
import { checkBatch } from '../../src/schema/batch';
import { temporaryFolder } from '../support/config';
import { argumentsOf, blocksIn, inlineCommandsIn, lroCommandsIn, PAGES, pageText, ROOT, type Block } from './blocks';

const BLOCKS = PAGES.flatMap((page) => blocksIn(pageText(page), page));
const named = (blocks: readonly Block[]): [string, Block][] => blocks.map((block) => [`${block.page}:${block.line}`, block]);
const inLanguage = (...languages: string[]): Block[] => BLOCKS.filter(({ language }) => languages.includes(language));

let program: Command;
beforeAll(async () => {
  program = await wholeProgram();
});

/** Why `lro` would refuse the words: an unknown command or option, or too few or too many operands. */
function refusalOf(words: readonly string[], isWhole: boolean): string | undefined {
  let command = program;
  let rest = [...words];
  for (;;) {
    const below = command.commands.find((one) => one.name() === rest[0]);
    if (below === undefined) break;
    command = below;
    rest = rest.slice(1);
  }
  if (command.commands.length > 0) {
    const [word] = rest;
    // `lro --help`, and in the text the name of a group.
    return word === undefined
      ? isWhole
        ? 'names no command'
        : undefined
      : /^(--help|--version|<command>|…)$/.test(word)
        ? undefined
        : `no command ${word}`;
  }
  const parsed = parsedBy(
    command,
    rest.filter((word) => word !== '…' && word !== '--help'),
  );
  // A text names an option without its value.
  if (parsed instanceof CommanderError) return !isWhole && parsed.code === 'commander.optionMissingArgument' ? undefined : parsed.message;
  const { operands, unknown } = parsed;
  if (unknown.length > 0) return `no option ${unknown.join(' ')}`;
  if (operands.length > command.registeredArguments.length) return `too much: ${operands.join(' ')}`;
  const needed = command.registeredArguments.filter(({ required }) => required).length;
  return isWhole && operands.length < needed ? 'too few arguments' : undefined;
}

function parsedBy(command: Command, words: string[]): { operands: string[]; unknown: string[] } | CommanderError {
  try {
    return command.parseOptions(words);
  } catch (err) {
    if (err instanceof CommanderError) return err;
    throw err;
  }
}

const COMMANDS = inLanguage('sh', 'bash').flatMap(({ page, code }) => lroCommandsIn(code).map((command) => [page, command] as const));
const MENTIONS = PAGES.flatMap((page) => [...new Set(inlineCommandsIn(pageText(page)))].map((command) => [page, command] as const));

describe('commands of lro', () => {
  test('are found', () => {
    expect(COMMANDS.length).toBeGreaterThan(40);
    expect(MENTIONS.length).toBeGreaterThan(60);
  });

  test.each(COMMANDS)('%s: lro %s', (_, command) => {
    expect(refusalOf(argumentsOf(command), true)).toBeUndefined();
  });

  test.each(MENTIONS)('%s, in the text: lro %s', (_, command) => {
    expect(refusalOf(argumentsOf(command), false)).toBeUndefined();
  });

  test('that there are not are found out', () => {
    const [run = '', status = '', list = ''] = lroCommandsIn(
      "lro run --conection maps --path '/a b'  # comment\nA=1 npx lro status | jq .\nnpm run lro -- batch lst &\nlrox run",
    );
    expect(argumentsOf(run)).toEqual(['run', '--conection', 'maps', '--path', '/a b']);
    expect(refusalOf(argumentsOf(run), true)).toMatch(/no option --conection/);
    expect(refusalOf(argumentsOf(status), true)).toBe('too few arguments');
    expect(refusalOf(argumentsOf(list), true)).toBe('no command lst');
  });
});

describe('what a shell calls', () => {
  const shell = inLanguage('sh', 'bash');
  const { scripts } = JSON.parse(pageText('package.json')) as { scripts: Record<string, string> };
  /** Programs that the reader of a page makes by what stands on it. */
  const OWN = ['service.mjs', 'job.mjs', 'worker.js'];

  test.each(named(shell))('%s is there', (_, { code }) => {
    const runs = [...code.matchAll(/npm run (?:-s )?([\w:]+)/g)].map(([, name = '']) => name);
    expect(runs.filter((name) => scripts[name] === undefined)).toEqual([]);
    const files = [...code.matchAll(/(?:^|\s)(?:node|python3?) ([\w./-]+\.(?:m?js|py))/gm)].map(([, name = '']) => name);
    // Of `dist` there is what was built from `src`.
    const source = (name: string): string => name.replace(/^dist\//, 'src/').replace(/^(src\/.*)\.js$/, '$1.ts');
    expect(files.filter((name) => !OWN.includes(name) && !existsSync(join(ROOT, source(name))))).toEqual([]);
  });
});

describe('YAML', () => {
  const yaml = inLanguage('yaml');
  const isFile = ({ code }: Block): boolean => /^(connections|files|webhooks):/m.test(code);

  test.each(named(yaml.filter((block) => !isFile(block))))('%s can be read', (_, { code }) => {
    for (const part of code.split(/^---$/m)) expect(parse(part)).toBeInstanceOf(Object);
  });

  const files = yaml.filter((block) => isFile(block) && !block.page.includes('kubernetes'));
  test('of workers is found', () => {
    expect(files.filter(({ page }) => page === 'docs/connections.md').length).toBeGreaterThanOrEqual(10);
  });

  test.each(named(files))('%s is a file that a worker takes', (_, { code }) => {
    const folder = temporaryFolder();
    for (const name of ['data', 'results', 'reports']) mkdirSync(join(folder, name));
    const path = join(folder, 'lro.config.yaml');
    // What shows a part of a file only is put beside a connection.
    writeFileSync(path, /^connections:/m.test(code) ? code : `connections: { other: { baseUrl: https://example.com } }\n${code}`);
    const secrets = [...code.matchAll(/\{ env: (\w+) \}/g)].map(([, name = '']) => [name, randomBytes(48).toString('base64')] as const);
    expect(() =>
      loadConfig(path, { ...Object.fromEntries<string>(secrets), JOBS_PROXY: 'http://me:secret@proxy.example.com:3128' }),
    ).not.toThrow();
  });

  test('with a wrong key is refused', () => {
    const path = join(temporaryFolder(), 'lro.config.yaml');
    writeFileSync(path, 'connections: { other: { baseURL: https://example.com } }');
    expect(() => loadConfig(path, {})).toThrow(/baseURL/);
  });

  test('the batch of the first page is one', () => {
    const [batch] = yaml.filter(({ page, code }) => page === 'README.md' && code.includes('items:'));
    expect(checkBatch(parse(batch?.code ?? '') as BatchInput)).toMatchObject({ ok: true });
  });
});

test.each(named(inLanguage('json')))('%s is JSON', (_, { code }) => {
  // Some show one value a line.
  const values = code.trim().includes('\n{') && !code.trim().startsWith('[') ? code.trim().split('\n') : [code];
  for (const value of values) expect(() => JSON.parse(value) as unknown).not.toThrow();
});

test.each(named(inLanguage('ts', 'js', 'jsonc')))('%s can be compiled', (_, { code, language }) => {
  const source = language === 'jsonc' ? `export default ${code}` : code;
  expect(() => parseSync(source, { syntax: language === 'js' ? 'ecmascript' : 'typescript', target: 'es2022' })).not.toThrow();
});

describe('what people look for', () => {
  const row = (type: string): RegExp => new RegExp(`^\\| \`${type}\` +\\|`, 'm');

  test.each(FAILURE_TYPES)('the failure %s stands in the contract and in troubleshooting', (type) => {
    expect(pageText('docs/operation.md')).toMatch(row(type));
    expect(pageText('docs/troubleshooting.md')).toMatch(row(type));
  });

  test.each(TROUBLE_KINDS)('the trouble %s stands in troubleshooting', (kind) => {
    expect(pageText('docs/troubleshooting.md')).toMatch(row(kind));
  });

  test('docs/README.md leads to every page', () => {
    const index = pageText('docs/README.md');
    const pages = PAGES.filter((page) => page.startsWith('docs/') && page !== 'docs/README.md').map((page) => page.slice('docs/'.length));
    expect(pages.filter((page) => !index.includes(`](${page})`))).toEqual([]);
  });

  test('docs/reference.md is what the schemas and the API reports say', () => {
    const { reference } = jest.requireActual<{ reference: () => string }>('../../scripts/reference.js');
    expect(pageText('docs/reference.md')).toBe(reference());
  });

  test('the first page is short, and its service is that of docs/getting-started.md', () => {
    expect(pageText('README.md').split('\n').length).toBeLessThan(220);
    const [service] = blocksIn(pageText('docs/getting-started.md'), '').filter(({ language }) => language === 'js');
    expect(service?.code).toContain('createServer');
    expect(blocksIn(pageText('README.md'), '').map(({ code }) => code)).toContain(service?.code);
  });
});
