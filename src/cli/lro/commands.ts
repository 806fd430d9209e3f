/**
 * The commands of `lro`: which there are, and the file of each.
 *
 * Keeps true: only the file of the command that was typed is loaded. All of them load Temporal's client and more, which takes longer than
 * what `--help` and a mistyped name have to say.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { addExamples, HELP } from './help';
import { forTerminal } from './terminal';

/** The commands of one file, before it is loaded. */
export interface LazyCommands {
  /** Heading of the list in which `lro --help` names them. */
  theme: string;
  /** Name → description, in the order of the file; the same as the commands' own: `test/cli/begin.test.ts` compares them. */
  summaries: Readonly<Record<string, string>>;
  /** Adds the commands with all that is below them. */
  add: (program: Command) => Promise<void>;
}

const BEGIN = 'To begin:';
const OPERATIONS = 'Operations:';
const ANY = 'Operations, chains and batches that were started:';
const BATCHES = 'Batches and schedules:';
const SERVE = 'Namespaces and encryption:';
const FIND = 'To find out what is wrong:';
const SHELL = 'Your shell:';

export const COMMANDS: readonly LazyCommands[] = [
  {
    theme: BEGIN,
    summaries: { dev: 'Temporal with its Web UI, the emulator and a worker in this terminal, until Ctrl-C' },
    add: async (program) => (await import('./dev')).addDevCommand(program),
  },
  {
    theme: BEGIN,
    summaries: { init: "write the worker's file for a service of your own, asked or by flags" },
    add: async (program) => (await import('./init')).addInitCommand(program),
  },
  {
    theme: BEGIN,
    summaries: {
      generate: 'write typed functions and a connection for the long-running operations of an OpenAPI file (2.0, 3.0, 3.1; JSON or YAML)',
    },
    add: async (program) => (await import('./generate')).addGenerateCommand(program),
  },
  {
    theme: OPERATIONS,
    summaries: {
      run: 'submit an operation, follow it, and print its result',
      start: 'submit an operation, and print its id',
      attach: 'start a run that follows an operation that was submitted elsewhere',
      tileset: 'tilesets of drawing packages: upload, conversion, dataset, tileset',
    },
    add: async (program) => (await import('./operation')).addOperationCommands(program),
  },
  {
    theme: ANY,
    summaries: {
      status: 'where an operation, chain or batch stands',
      watch: 'follow an operation, chain or batch to its end, and print its result',
      wait: 'follow it as watch does, for a time at most',
      list: 'operations, chains and batches, newest first',
      cancel: 'cancel an operation, chain or batch, also at the service where that is possible',
      'poll-now': 'ask the service now instead of waiting',
    },
    add: async (program) => (await import('./runs')).addRunCommands(program),
  },
  {
    theme: BATCHES,
    summaries: { batch: 'run, start, pause, cancel, list and retry batches' },
    add: async (program) => (await import('./batch')).addBatchCommands(program),
  },
  {
    theme: BATCHES,
    summaries: { schedule: 'schedules of batches' },
    add: async (program) => (await import('./schedule')).addScheduleCommands(program),
  },
  {
    theme: FIND,
    summaries: { config: "check the worker's file, and list its connections" },
    add: async (program) => (await import('./config')).addConfigCommands(program),
  },
  {
    theme: FIND,
    summaries: { doctor: 'check Node.js, Temporal, its namespace and workers, the keys, and the service of each connection' },
    add: async (program) => (await import('./doctor')).addDoctorCommand(program),
  },
  {
    theme: SERVE,
    summaries: { setup: 'register the search attributes of operations in the namespace; of Temporal Cloud print the commands that do' },
    add: async (program) => (await import('./setup')).addSetupCommand(program),
  },
  {
    theme: SERVE,
    summaries: { 'codec-server': "decrypt payloads for Temporal's Web UI and command line, until SIGTERM" },
    add: async (program) => (await import('./codec-server')).addCodecServerCommand(program),
  },
  {
    theme: SHELL,
    summaries: { completion: 'print the script by which bash, zsh or fish completes commands and options of lro' },
    add: async (program) => (await import('./completion')).addCompletionCommand(program, wholeProgram),
  },
];

const ENVIRONMENT_HELP = `
Temporal is found by TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, … or a profile of temporal.toml; without them at
localhost:7233. The task queue is that of --task-queue, LRO_TASK_QUEUE, or "lro".
Where the workers encrypt, LRO_ENCRYPTION_KEYS_FILE (or LRO_ENCRYPTION_KEYS) names the same keys.

Exit codes: 0 done, 1 it failed, 2 wrong arguments or a wrong input, 3 Temporal cannot be reached, 4 still running when the time given
was over, 130 Ctrl-C.`;

/** Whether errors are to be JSON, and nothing else on standard error. */
export function asksForJson(args: readonly string[]): boolean {
  return args.includes('--json');
}

/**
 * The program as far as these arguments need it: the command they name, with its options, and of the others name and description.
 * @param args what was typed after `lro`
 */
export async function programFor(args: readonly string[]): Promise<Command> {
  const typed = args.find((arg) => !arg.startsWith('-') && arg !== 'help');
  return await programWith(args, ({ summaries }) => typed !== undefined && Object.hasOwn(summaries, typed));
}

/** With the options of all commands. */
export function wholeProgram(): Promise<Command> {
  return programWith([], () => true);
}

async function programWith(args: readonly string[], isNeeded: (file: LazyCommands) => boolean): Promise<Command> {
  const { version } = JSON.parse(readFileSync(join(__dirname, '..', '..', '..', 'package.json'), 'utf8')) as { version: string };
  const program = new Command('lro')
    .description('Carries long-running operations of HTTP services to their end, by workflows of Temporal.')
    .version(version)
    .usage('<command> [options]')
    .configureHelp(HELP)
    .showHelpAfterError('(--help behind a command says what it takes)')
    .configureOutput({
      writeOut: (text) => process.stdout.write(forTerminal(text)),
      writeErr: (text) => asksForJson(args) || process.stderr.write(forTerminal(text)),
    })
    .exitOverride();
  for (const file of COMMANDS) {
    const first = program.commands.length;
    if (isNeeded(file)) await file.add(program);
    else for (const [name, summary] of Object.entries(file.summaries)) program.command(name).description(summary);
    for (const command of program.commands.slice(first)) command.helpGroup(file.theme);
  }
  addExamples(program, []);
  program.addHelpText('after', ENVIRONMENT_HELP);
  return program;
}
