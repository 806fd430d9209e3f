/** What stands on the pages for readers: blocks of code, and commands of `lro`. */
import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const ROOT = resolve(__dirname, '../..');

/** What tells of how things were, and commands that are wrong on purpose. */
const OTHERS = ['docs/decisions.md', 'docs/wrong-uses.md'];

/** Pages that are for readers of this version, from the root of the project. */
export const PAGES = [
  'README.md',
  ...['client', 'dev'].map((name) => `packages/${name}/README.md`),
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`)
    .filter((page) => !OTHERS.includes(page)),
];

export function pageText(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8');
}

export interface Block {
  page: string;
  /** Of its first line of code. */
  line: number;
  language: string;
  code: string;
}

/** The blocks of a text between fences of three backticks. */
export function blocksIn(text: string, page: string): Block[] {
  return [...text.matchAll(/^( *)```(\w+)\n([^]*?)^\1```$/gm)].map((match) => ({
    page,
    line: text.slice(0, match.index).split('\n').length + 1,
    language: match[2] ?? '',
    code: (match[3] ?? '').replace(new RegExp(`^${match[1] ?? ''}`, 'gm'), ''),
  }));
}

/** What the shell calls `lro` as: in a clone, in a project with the package, by an alias. */
const PROGRAM = /(?:^|[|;&(]|\$\()\s*(?:[A-Z_]+=\S*\s+)*(?:npm run (?:-s )?lro --|npx lro|node dist\/cli\/lro\.js|lro)(?=\s|$)/;

/** Commands of `lro` in lines of a shell, from the word `lro` to what ends the command: a comment, a pipe, `&`, `)` or the line. */
export function lroCommandsIn(shell: string): string[] {
  return shell
    .replace(/\\\n\s*/g, ' ')
    .split('\n')
    .flatMap((line) => {
      const start = PROGRAM.exec(line);
      if (start === null) return [];
      const words: string[] = [];
      for (const word of wordsOf(line.slice(start.index + start[0].length))) {
        if (/^(#.*|[|&;>]+|2>.*|<<.*)$/.test(word)) break;
        words.push(word.replace(/\)$/, ''));
        if (word.endsWith(')')) break;
      }
      return [words.join(' ')];
    });
}

/** Words as a shell takes them, in their quotes. */
function wordsOf(line: string): string[] {
  return line.match(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g) ?? [];
}

/** The words without their quotes. @param command as {@link lroCommandsIn} returns it */
export function argumentsOf(command: string): string[] {
  return wordsOf(command).map((word) =>
    word.replace(/'([^']*)'|"([^"]*)"/g, (_, single?: string, double?: string) => single ?? double ?? ''),
  );
}

/** Commands of `lro` between backticks within the text. */
export function inlineCommandsIn(text: string): string[] {
  const prose = text.replace(/^( *)```[^]*?^\1```$/gm, '');
  return [...prose.matchAll(/`((?:npx )?lro [^`\n]+|npm run (?:-s )?lro -- [^`\n]+)`/g)].flatMap(([, code = '']) => lroCommandsIn(code));
}
