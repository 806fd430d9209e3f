/** docs/wrong-uses.md: written from what was said, and read again. */
import type { End } from './walk';
import type { Section, WrongUse } from './wrong-use';

const MAX_LINES = 12;
const MAX_CHARS = 400;

const HEAD = `# Wrong uses, and what is said

What all programs of this project say when they are used wrongly, as they said it: [the test](../test/wrong-uses) has done each of these things, one after the
other. Each message is to say what happened, to what, and what can be done. Exit codes are those of [one table](cli.md#exit-codes). In the columns below,
\`localhost:7233\` is Temporal, \`localhost:4010\` the service, \`localhost:9000\` a port that another process has, \`localhost:7243\` to \`7245\` are ports with TLS.

This file is written by the test; it is not edited by hand:
\`npm run build && LRO_LONG=1 LRO_RECORD_WRONG_USES=1 npx jest test/wrong-uses\`.
`;

export function documentOf(walked: readonly { section: Section; ends: readonly End[] }[]): string {
  const parts = walked.map(({ section: { title, language, rows }, ends }) => {
    const result = language === 'bash' ? 'exit code' : language === 'javascript' ? 'class of the error' : 'code of the compiler';
    const lines = rows.map((row, index) => rowText(row, ends[index] ?? { code: null, said: '' }));
    return [`## ${title}`, '', `| wrong use | typed | what it says now | ${result} |`, '| --- | --- | --- | --- |', ...lines, ''].join(
      '\n',
    );
  });
  return [HEAD, ...parts].join('\n');
}

/** The row as it stands in the document. */
export function rowText({ use, typed }: WrongUse, { code, said }: End): string {
  return `| ${use} | ${codeCell(typed)} | ${codeCell(said)} | ${String(code)} |`;
}

/** Lines of text, each as code. */
function codeCell(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const shown = lines.length <= MAX_LINES ? lines : [...lines.slice(0, MAX_LINES / 2), '…', ...lines.slice(-MAX_LINES / 2)];
  return shown.map((line) => codeText(line.length <= MAX_CHARS ? line : `${line.slice(0, MAX_CHARS)}…`)).join('<br>');
}

function codeText(line: string): string {
  const text = line.replaceAll('|', '\\|');
  return text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``;
}

/** What a cell says, as it was said. */
function textOfCell(cell: string): string {
  return cell
    .split('<br>')
    .map((line) => line.replace(/^(`+) ?(.*?) ?\1$/s, '$2').replaceAll('\\|', '|'))
    .join('\n');
}

/** The cells of each row of the document's tables, by title of the section and use. */
export function rowsOf(document: string): Map<string, { typed: string; said: string; code: string }> {
  const rows = new Map<string, { typed: string; said: string; code: string }>();
  let title = '';
  for (const line of document.split('\n')) {
    if (line.startsWith('## ')) title = line.slice(3);
    const [use, typed, said, code] = line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim());
    if (use === undefined || typed === undefined || said === undefined || code === undefined || /^(wrong use|---)$/.test(use)) continue;
    rows.set(`${title}: ${use}`, { typed: textOfCell(typed), said: textOfCell(said), code });
  }
  return rows;
}
