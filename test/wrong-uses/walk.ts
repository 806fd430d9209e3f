/**
 * Walks through wrong uses: types each, and keeps what was said.
 *
 * Keeps true: what is typed runs in the folder of the bed with its environment and nothing else; as another user than root, whom no file
 * keeps out.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import pLimit from 'p-limit';
import { NOBODY, type Bed } from './bed';
import type { Section, WrongUse } from './wrong-use';

const ROOT = resolve(__dirname, '../..');
/** Two of them compute, the third waits. */
const AT_ONCE = 3;
const TOO_LONG_MS = 60_000;

export interface End {
  /** `null`: it was ended, because it took too long. */
  code: number | string | null;
  /** Both streams, in the order of arrival. */
  said: string;
}

/** Of each row of the section, in order. */
export async function walk(bed: Bed, { language, rows }: Section): Promise<End[]> {
  const ends = await { bash: typeAll, javascript: tryAll, typescript: compileAll }[language](bed, rows);
  return ends.map(({ code, said }) => ({ code, said: bed.readable(said).trimEnd() }));
}

function typeAll(bed: Bed, rows: readonly WrongUse[]): Promise<End[]> {
  const limit = pLimit(AT_ONCE);
  return Promise.all(rows.map((row) => limit(() => type(bed, row))));
}

async function type({ folder, env }: Bed, { typed, interruptAfter }: WrongUse): Promise<End> {
  const child = spawn('bash', ['-o', 'pipefail', '-c', typed], {
    cwd: folder,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...NOBODY,
  });
  const late = setTimeout(() => signal(child, 'SIGKILL'), TOO_LONG_MS);
  let said = '';
  let interrupted = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (interrupted || interruptAfter?.test(said) !== true) return;
      interrupted = true;
      signal(child, 'SIGINT');
    });
  }
  await once(child, 'close');
  clearTimeout(late);
  return { code: child.exitCode, said };
}

/** To all that was typed, as a terminal does. */
function signal({ pid }: ChildProcess, name: NodeJS.Signals): void {
  try {
    process.kill(-(pid ?? NaN), name);
  } catch {
    // It has ended.
  }
}

/** One after the other, in one process. */
async function tryAll({ folder, env }: Bed, rows: readonly WrongUse[]): Promise<End[]> {
  const child = spawn(process.execPath, [join(__dirname, 'javascript.js')], {
    cwd: folder,
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
    ...NOBODY,
  });
  const late = setTimeout(() => child.kill('SIGKILL'), 2 * TOO_LONG_MS);
  const ends: End[] = [];
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  for (const { typed } of rows) {
    child.stdin.write(`${JSON.stringify(typed)}\n`);
    const { value, done } = await lines.next();
    ends.push(done === true ? { code: null, said: 'the program ended' } : (JSON.parse(value) as End));
  }
  child.stdin.end();
  clearTimeout(late);
  return ends;
}

/** All of them by one run of the compiler, against the types of the package. */
async function compileAll({ folder }: Bed, rows: readonly WrongUse[]): Promise<End[]> {
  const at = join(folder, 'typescript');
  mkdirSync(at);
  const names = rows.map((_, index) => `use-${index}.mts`);
  const head = `import { LroClient } from '${join(ROOT, 'dist/client/index.js')}';\nconst lro = await LroClient.connect();\n`;
  rows.forEach(({ typed }, index) => writeFileSync(join(at, names[index] ?? ''), head + typed));
  const compiler = join(ROOT, 'node_modules/@typescript/native/bin/tsc');
  const options = [
    '--noEmit',
    '--strict',
    '--skipLibCheck',
    '--target',
    'es2023',
    '--module',
    'nodenext',
    '--types',
    '',
    '--pretty',
    'false',
  ];
  const child = spawn(process.execPath, [compiler, ...options, ...names], { cwd: at, stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  await once(child, 'close');
  return names.map((name) => {
    const said = out.split(/^(?=\S)/m).filter((message) => message.startsWith(`${name}(`));
    return { code: /error (TS\d+)/.exec(said.join(''))?.[1] ?? 'nothing', said: said.join('') };
  });
}
