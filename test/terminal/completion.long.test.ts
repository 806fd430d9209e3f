/** `lro completion` in the shells themselves: a person types a part and Tab, and reads the rest on the screen. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { temporaryFolder } from '../support/config';
import { eventually } from '../support/eventually';
import { LRO_PROGRAM } from '../support/lro-command';
import { KEYS, TerminalProgram } from '../support/terminal';

interface Shell {
  /** Without anybody's own settings. */
  args: string[];
  /** As `lro completion --help` says it. */
  setUp: string[];
}

const SHELLS: Record<string, Shell> = {
  bash: { args: ['--norc', '--noprofile'], setUp: ['source <(lro completion bash)'] },
  zsh: {
    args: ['-f'],
    setUp: ["PROMPT='$ '; unsetopt prompt_sp", 'autoload -Uz compinit; compinit -u -D', 'source <(lro completion zsh)'],
  },
  fish: { args: ['--no-config'], setUp: ["function fish_prompt; printf '$ '; end", 'lro completion fish | source'] },
};

/** A part that is typed, and what it becomes. */
const COMPLETED = [
  ['lro ini', 'lro init'],
  ['lro batch retr', 'lro batch retry-failed'],
  ['lro batch list --lim', 'lro batch list --limit'],
  ['lro list --type til', 'lro list --type tileset'],
  ['lro list --trouble Thr', 'lro list --trouble Throttled'],
  ['lro completion zs', 'lro completion zsh'],
  // Of the file in the folder.
  ['lro run --connection my', 'lro run --connection my-maps'],
  ['lro batch start --input flo', 'lro batch start --input floors.yaml'],
  ['lro config check lro.c', 'lro config check lro.config.yaml'],
] as const;
/** Typed behind what was completed: a shell may show more than there is. */
const MARK = 'Q';

const folder = temporaryFolder();
const programs = temporaryFolder();
const env = { PATH: [programs, process.env['PATH']].join(delimiter), HOME: programs, PS1: '$ ', LRO_CONFIG: undefined };

beforeAll(() => {
  const program = join(programs, 'lro');
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${LRO_PROGRAM}' "$@"\n`);
  chmodSync(program, 0o755);
  writeFileSync(join(folder, 'floors.yaml'), 'items: []');
  writeFileSync(
    join(folder, 'lro.config.yaml'),
    'connections: { my-maps: { baseUrl: "https://a.example" }, other: { baseUrl: "https://b.example" } }',
  );
});

/** Empties the line: again and again, as a shell that has just run a program for its completion may lose a key. */
async function clear(terminal: TerminalProgram): Promise<void> {
  await eventually(
    () => {
      terminal.type(KEYS.ctrlU);
      return terminal.text();
    },
    (text) => /\n\$$/.test(text),
  );
}

function isInstalled(shell: string): boolean {
  return spawnSync(shell, ['--version']).status === 0;
}

describe.each(Object.entries(SHELLS))('%s', (name, { args, setUp }) => {
  // Not everybody has all three: Debian has them as packages of these names.
  const inShell = isInstalled(name) ? test : test.skip;

  inShell(
    `completes commands, options, choices, connections and files${isInstalled(name) ? '' : ` (skipped: no ${name} on the PATH)`}`,
    async () => {
      const terminal = new TerminalProgram(name, args, { cwd: folder, env });
      try {
        for (const line of setUp) {
          await terminal.shows(/[$>#]$/);
          terminal.type(line + KEYS.enter);
        }
        await terminal.shows(/\n\$$/);
        for (const [typed, completed] of COMPLETED) {
          terminal.type(typed + KEYS.tab);
          terminal.type(MARK);
          const lines = (await terminal.shows(new RegExp(`${MARK}$`))).split('\n');
          expect(lines.at(-1)).toBe(`$ ${completed} ${MARK}`);
          await clear(terminal);
        }
      } finally {
        await terminal.close();
      }
    },
  );
});

test.each([
  ['lro batch list --', ['--help', '--json', '--limit'], ['--status', '--type']],
  ['lro list --', ['--status', '--type', '--trouble'], ['--input']],
  ['lro run --connection ', ['my-maps', 'other'], ['run', 'init']],
  ['lro init --connection ', [], ['my-maps']],
])('bash and fish offer after "%s" what belongs there, and nothing else', (typed, wanted, unwanted) => {
  for (const shell of ['bash', 'fish'].filter(isInstalled)) {
    const offered = execFileSync(shell, ['-c', offers(shell, typed)], { cwd: folder, env: { ...process.env, ...env }, encoding: 'utf8' });
    const words = offered.split('\n').map((line) => line.split('\t')[0]);
    expect(words).toEqual(expect.arrayContaining(wanted));
    expect(words.filter((word) => (unwanted as (string | undefined)[]).includes(word))).toEqual([]);
  }
});

/** A script that prints what is offered, a line each. */
function offers(shell: string, typed: string): string {
  if (shell === 'fish') return `lro completion fish | source; complete -C '${typed}'`;
  const words = typed.split(' ').map((word) => `'${word}'`);
  const call = `COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _lro`;
  return `source <(lro completion bash); ${call}; printf '%s\\n' "\${COMPREPLY[@]}"`;
}
