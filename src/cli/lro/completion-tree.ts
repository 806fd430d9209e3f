/** The commands of `lro` and what can follow them, as the scripts of `lro completion` need it. */
import type { Command, Option } from 'commander';

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
