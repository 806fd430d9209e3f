/**
 * How help is laid out: the options of a command first, those that many have after them, examples last.
 */
import { Help, type Command, type HelpConfiguration } from 'commander';
import { EXAMPLES } from './examples';

/** Headings of options that many commands have, in the order in which they stand below a command's own. */
export const PRIORITY_OPTIONS = 'Who goes first:';
export const COMMON_OPTIONS = 'Output and Temporal:';
const LAST: readonly string[] = [PRIORITY_OPTIONS, COMMON_OPTIONS];

const usual = new Help();

export const HELP: HelpConfiguration = {
  showGlobalOptions: false,
  groupItems: (unsorted, visible, groupOf) => {
    const groups = [...usual.groupItems(unsorted, visible, groupOf)];
    return new Map(groups.sort(([left], [right]) => LAST.indexOf(left) - LAST.indexOf(right)));
  },
};

/** Adds to the help of a command and of those below it what they have of examples. */
export function addExamples(command: Command, path: readonly string[]): void {
  const lines = EXAMPLES[path.join(' ')] ?? [];
  if (lines.length > 0) command.addHelpText('after', `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`);
  for (const below of command.commands) addExamples(below, [...path, below.name()]);
}
