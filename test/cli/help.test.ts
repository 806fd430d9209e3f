/** What help says: every command has examples, and takes them; what is its own stands before what many have. */
import type { Command } from 'commander';
import { wholeProgram } from '../../src/cli/lro/commands';
import { EXAMPLES } from '../../src/cli/lro/examples';

let whole: Command;

beforeAll(async () => {
  whole = await wholeProgram();
});

function leaves(command: Command, path: string[] = []): string[] {
  if (command.commands.length === 0) return [path.join(' ')];
  return command.commands.flatMap((below) => leaves(below, [...path, below.name()]));
}

/** The words of a line, as a shell takes them. */
function wordsOf(line: string): string[] {
  const words = line.replace(/ +#.*$/, '').match(/'[^']*'|\S+/g) ?? [];
  return words.map((word) => word.replace(/^'|'$/g, ''));
}

function find(path: string[]): Command {
  return path.reduce<Command>((command, name) => {
    const below = command.commands.find((one) => one.name() === name);
    if (below === undefined) throw new Error(`there is no command ${path.join(' ')}`);
    return below;
  }, whole);
}

test('every command has examples of itself', () => {
  expect(Object.keys(EXAMPLES).sort()).toEqual(['', ...leaves(whole)].sort());
  for (const [name, lines] of Object.entries(EXAMPLES))
    for (const line of lines) expect(`${line} `).toContain(`lro ${name === '' ? '' : name}`);
});

const LINES = Object.entries(EXAMPLES).flatMap(([name, lines]) => lines.map((line) => [line, name] as const));

test.each(LINES)('%s is taken', (line, name) => {
  const words = wordsOf(line);
  const path = name === '' ? [words[1] ?? ''] : name.split(' ');
  const command = find(path);
  // Commander says so by an error, and no action runs.
  const { operands, unknown } = command.parseOptions(words.slice(1 + path.length));
  expect(unknown).toEqual([]);
  const [least, most] = [command.registeredArguments.filter(({ required }) => required).length, command.registeredArguments.length];
  expect(operands.length).toBeGreaterThanOrEqual(least);
  expect(operands.length).toBeLessThanOrEqual(most);
});

test("a command's own options stand first, then who goes first, then output and Temporal, then examples", () => {
  const headings = (path: string): string[] => {
    let text = '';
    const command = find(path.split(' '));
    command.configureOutput({ writeOut: (written) => (text += written) });
    command.outputHelp();
    return text.match(/^\S.*:$/gm) ?? [];
  };
  expect(headings('run')).toEqual(['Options:', 'Who goes first:', 'Output and Temporal:', 'Examples:']);
  expect(headings('status')).toEqual(['Options:', 'Output and Temporal:', 'Examples:']);
  expect(headings('batch run')).toEqual(headings('run'));
});
