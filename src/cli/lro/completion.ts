/**
 * `lro completion bash|zsh|fish`: a script that completes commands, options and their values.
 *
 * Keeps true: all of it comes from the tree of commands, so it cannot fall behind; the script has its words in it, so that a Tab starts no
 * process (the libraries for it ask the program at every Tab, which takes longer than a person waits). Only the names of connections, which
 * are in a file, are asked for.
 */
import { Argument, type Command, type Option } from 'commander';
import { bashScript, fishScript, zshScript } from './completion-scripts';
import { writeOut } from './terminal';

/** What can follow a command: `path` is empty for `lro` itself. */
export interface CompletedCommand {
  path: string[];
  /** Subcommands, or choices of its first argument. */
  words: Word[];
  /** Long options. */
  options: CompletedOption[];
}

export interface Word {
  word: string;
  description: string;
}

export interface CompletedOption extends Word {
  /** What follows it: one of these words, a connection of the worker's file, something else (a file at times), or nothing. */
  value?: readonly string[] | 'connection' | 'other';
}

const SHELLS = ['bash', 'zsh', 'fish'] as const;

const HELP = `
  bash   source <(lro completion bash)              in ~/.bashrc
  zsh    source <(lro completion zsh)               in ~/.zshrc, after compinit
  fish   lro completion fish | source               in ~/.config/fish/config.fish

After --connection it completes the connections of the file that LRO_CONFIG names, or of lro.config.yaml in the folder.`;

/** @param whole the program with the options of all commands */
export function addCompletionCommand(program: Command, whole: () => Promise<Command>): void {
  program
    .command('completion')
    .description('print the script by which bash, zsh or fish completes commands and options of lro')
    .addArgument(new Argument('<shell>', 'which').choices(SHELLS))
    .addHelpText('after', HELP)
    .action(async (shell: (typeof SHELLS)[number]) => {
      const commands = completedCommands(await whole());
      writeOut({ bash: bashScript, zsh: zshScript, fish: fishScript }[shell](commands));
    });
}

/** The tree as a list, the program itself first. */
export function completedCommands(command: Command, path: string[] = []): CompletedCommand[] {
  const below = command.commands.map((one) => ({ word: one.name(), description: one.description() }));
  const choices = command.registeredArguments[0]?.argChoices?.map((word) => ({ word, description: '' })) ?? [];
  const help = { word: '--help', description: 'display help' };
  const options = command.options.flatMap((option) => completedOption(option, path) ?? []);
  const own = { path, words: [...below, ...choices], options: [...options, help] };
  return [own, ...command.commands.flatMap((one) => completedCommands(one, [...path, one.name()]))];
}

function completedOption(option: Option, path: string[]): CompletedOption | undefined {
  const { long, description, required, optional, argChoices } = option;
  if (!long) return undefined;
  if (!required && !optional) return { word: long, description };
  // `init` names a new one.
  const isConnection = long === '--connection' && path[0] !== 'init';
  return { word: long, description, value: argChoices ?? (isConnection ? 'connection' : 'other') };
}
