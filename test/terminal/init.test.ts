/**
 * `lro init` asked on a terminal, and what comes of it: `lro config check` finds the file right, and with it an operation of the service on
 * docs/getting-started.md runs.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { temporaryFolder } from '../support/config';
import { runLro } from '../support/lro-command';
import { KEYS, TerminalProgram } from '../support/terminal';

const QUESTIONS = [
  'Name of the connection [default]:',
  'Base URL of the service:',
  'api-version, if it wants one:',
  'Credentials (none, key-header, key-query, bearer, entra, sas) [none]:',
  'Name of the header [api-key]:',
  'Environment variable that holds the secret [JOBS_KEY]:',
];

function init(cwd: string, columns = 100): TerminalProgram {
  return TerminalProgram.lro(['init'], { cwd, columns });
}

/** Waits for the question, which is the last line, and answers it. */
async function answer(terminal: TerminalProgram, question: string, text: string): Promise<void> {
  await terminal.shows(new RegExp(`${question.replace(/[[\](){}.*+?^$|]/g, '\\$&')}\\s*$`));
  terminal.type(text + KEYS.enter);
}

const WIDTHS = process.env['LRO_LONG'] === '1' ? [100, 40] : [100];

test.each(WIDTHS)('at %i columns it asks until each answer is right, and writes what config check finds right', async (columns) => {
  const folder = temporaryFolder();
  const terminal = init(folder, columns);
  const [name = '', url = '', version = '', credentials = '', header = '', variable = ''] = QUESTIONS;
  try {
    await answer(terminal, name, 'jobs');
    await answer(terminal, url, '');
    await answer(terminal, `this has to be said\n${url}`, '127.0.0.1:8090');
    await answer(terminal, `must be an http(s) URL\n${url}`, 'http://127.0.0.1:8090');
    await answer(terminal, version, '');
    await answer(terminal, credentials, 'key');
    await answer(terminal, `must be one of none, key-header, key-query, bearer, entra, sas\n${credentials}`, 'key-header');
    await answer(terminal, header, '');
    await answer(terminal, variable, '');
    expect(await terminal.ended()).toBe(0);
  } finally {
    await terminal.close();
  }
  const text = await terminal.text();
  expect(text).toMatch(/lro\.config\.yaml: connection "jobs" → http:\/\/127\.0\.0\.1:8090\n {2}its secret: +export JOBS_KEY=…/);
  const file = join(folder, 'lro.config.yaml');
  expect(parse(readFileSync(file, 'utf8'))).toEqual({
    connections: {
      jobs: { baseUrl: 'http://127.0.0.1:8090', auth: { type: 'key', in: 'header', name: 'api-key', value: { env: 'JOBS_KEY' } } },
    },
  });
  expect(await runLro(['config', 'check', file], {})).toMatchObject({ code: 0, stderr: '' });
});

test.each([
  ['Ctrl-C', KEYS.ctrlC],
  ['Ctrl-D', KEYS.ctrlD],
])('%s in the middle ends it with 130, and nothing is written', async (_, key) => {
  const folder = temporaryFolder();
  const terminal = init(folder);
  try {
    await answer(terminal, QUESTIONS[0]!, 'jobs');
    await terminal.shows(/Base URL of the service:/);
    terminal.type(key);
    expect(await terminal.ended()).toBe(130);
  } finally {
    await terminal.close();
  }
  expect(await terminal.text()).toMatch(/nothing was written$/);
  expect(existsSync(join(folder, 'lro.config.yaml'))).toBe(false);
});

test('a file that is there is told before anything is asked', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'lro.config.yaml'), 'mine');
  const terminal = init(folder);
  expect(await terminal.ended()).toBe(2);
  expect(await terminal.lines()).toEqual(['lro.config.yaml exists already; --force replaces it, --output <file> writes another']);
  expect(readFileSync(join(folder, 'lro.config.yaml'), 'utf8')).toBe('mine');
});
