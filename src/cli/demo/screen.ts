/**
 * The demo's output: one entry for each event, with the time, a symbol, its subject and what happened.
 *
 * Keeps true: no line is longer than 100 columns; a finished one stays, and is plain text without a terminal; a pending line is shown on a
 * terminal only, and the next line replaces it. After `mute()` nothing is written any more.
 */
import { Help } from 'commander';
import pc from 'picocolors';

const SYMBOLS = { done: '✓', pending: '…', expectedFailure: '✗', kill: '✂', wrong: '!' } as const;
export type StepKind = keyof typeof SYMBOLS;

/** What people have open, and what fits into a page. */
const COLUMNS = 100;
const NAME_WIDTH = 10;
/** Of the time, the symbol, the name and the blanks around them. */
const TEXT_START = NAME_WIDTH + 15;
/** Pending lines are cut to the width of the terminal, but not below this. */
const MIN_COLUMNS = 40;

export class Screen {
  private readonly colors: ReturnType<typeof pc.createColors>;
  private unfinished = false;
  private muted = false;

  constructor(private readonly out: NodeJS.WriteStream = process.stdout) {
    this.colors = pc.createColors(pc.isColorSupported && (out.isTTY || process.env['FORCE_COLOR'] !== undefined));
  }

  title(text: string): void {
    this.line(this.colors.bold(text));
  }

  /** Shows on a terminal what is pending, until the next line. */
  pending(name: string, text: string): void {
    if (!this.out.isTTY) return;
    this.clearUnfinished();
    const columns = Math.max(this.out.columns || 80, MIN_COLUMNS);
    this.write(this.format('pending', name, text.slice(0, Math.min(columns, COLUMNS) - TEXT_START - 1)));
    this.unfinished = true;
  }

  step(kind: StepKind, name: string, text: string): void {
    this.line(this.format(kind, name, text));
  }

  /** Goes with the step before it, below its text; what is too long for that, as a link is that people copy, begins further left. */
  note(text: string): void {
    for (const part of text.split('\n')) {
      const indent = TEXT_START + part.length <= COLUMNS ? TEXT_START : 2;
      this.line(this.colors.dim(`${' '.repeat(indent)}${part}`));
    }
  }

  line(text = ''): void {
    this.clearUnfinished();
    this.write(`${text}\n`);
  }

  /** A text of several lines at most as wide as the screen. */
  paragraph(text: string): void {
    for (const line of wrapped(text, COLUMNS - 2).split('\n')) this.line(`  ${line}`);
  }

  link(url: string): string {
    return this.colors.underline(url);
  }

  emphasize(text: string): string {
    return this.colors.bold(text);
  }

  mute(): void {
    this.clearUnfinished();
    this.muted = true;
  }

  private format(kind: StepKind, name: string, text: string): string {
    const { dim, green, cyan, yellow, red } = this.colors;
    const color = { done: green, pending: cyan, expectedFailure: yellow, kill: red, wrong: red }[kind];
    const lines = wrapped(text, COLUMNS - TEXT_START)
      .split('\n')
      .join(`\n${' '.repeat(TEXT_START)}`);
    return `  ${dim(timeOfDay(new Date()))}  ${color(`${SYMBOLS[kind]} ${name.padEnd(NAME_WIDTH)}`)} ${lines}`;
  }

  private clearUnfinished(): void {
    if (!this.unfinished) return;
    this.unfinished = false;
    this.write('\r\x1b[2K');
  }

  private write(text: string): void {
    if (!this.muted) this.out.write(text);
  }
}

/** In lines of at most so many columns; a word that is longer than a line is cut where the line ends. */
function wrapped(text: string, columns: number): string {
  return new Help().boxWrap(
    text.replace(new RegExp(`\\S{${columns}}(?=\\S)`, 'g'), (part) => `${part} `),
    columns,
  );
}

function timeOfDay(at: Date): string {
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}

/** `1.2 s` */
export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
