/**
 * The page docs/getting-started.md in terminals: its service, a file that `lro init` asks for, `lro dev` with it, and an operation. The code
 * and the commands are those of the page, so that the page stays true.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { findFreePorts } from '../../src/devserver';
import { temporaryFolder } from '../support/config';
import { eventually } from '../support/eventually';
import { KEYS, TerminalProgram } from '../support/terminal';
import { Dev } from './dev';

const PAGE = readFileSync(resolve(__dirname, '../../docs/getting-started.md'), 'utf8');
const env = { JOBS_KEY: 'secret' };

/** The words after `lro` of the command on the page that begins with these. */
function onPage(begin: string): string[] {
  const line = PAGE.split('\n').find((one) => one.startsWith(`lro ${begin}`));
  if (line === undefined) throw new Error(`docs/getting-started.md has no command lro ${begin} …`);
  return line.replace(/ +#.*/, '').split(' ').slice(1);
}

async function untilListening(port: number): Promise<void> {
  const status = (): Promise<number> =>
    fetch(`http://127.0.0.1:${port}/`).then(
      (response) => response.status,
      () => 0,
    );
  await eventually(status, (answered) => answered === 401);
}

test('a service of ten lines: init asks for it, dev takes the file, and run follows its job', async () => {
  const cwd = temporaryFolder();
  const [port = 0] = await findFreePorts(1);
  writeFileSync(join(cwd, 'service.mjs'), /```js\n([\s\S]+?)```/.exec(PAGE)?.[1] ?? '');
  const service = new TerminalProgram(process.execPath, ['service.mjs'], { cwd, env: { ...env, PORT: String(port) } });
  const opened = [service];
  try {
    await untilListening(port);
    const init = TerminalProgram.lro(['init', ...onPage('init').slice(-2)], { cwd });
    opened.push(init);
    for (const [question, answer] of [
      ['Name of the connection', 'jobs'],
      ['Base URL', `http://127.0.0.1:${port}`],
      ['api-version', ''],
      ['Credentials', 'key-header'],
      ['Name of the header', 'api-key'],
      ['holds the secret', 'JOBS_KEY'],
    ] as const) {
      await init.shows(new RegExp(`${question}.*:\\s*$`));
      init.type(answer + KEYS.enter);
    }
    expect(await init.ended()).toBe(0);

    const check = TerminalProgram.lro(onPage('config check'), { cwd, env });
    opened.push(check);
    expect(await check.ended()).toBe(0);
    const dev = await Dev.start(onPage('dev --config').slice(1), { cwd, env });
    opened.push(dev.terminal);
    const run = dev.lro(onPage('run --connection jobs'));
    opened.push(run);
    await run.shows(/Running · \d+ polls? · next poll (in 1 s|now)/);
    expect(await run.ended()).toBe(0);
    expect((await run.lines())[1]).toMatch(/^status +Succeeded$/);
    expect(await dev.interrupt()).toBe(0);
  } finally {
    await Promise.all(opened.map((terminal) => terminal.close()));
  }
});
