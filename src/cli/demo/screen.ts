/**
 * The demo's output: one line for each event, with the time, a symbol, its subject and what happened.
 *
 * Keeps true: a finished line stays, and is plain text without a terminal; a pending line is shown on a terminal only, and the next line
 * replaces it. After `mute()` nothing is written any more.
 */
import pc from 'picocolors';

const SYMBOLS = { done: '✓', pending: '…', expectedFailure: '✗', kill: '✂', wrong: '!' } as const;
export type StepKind = keyof typeof SYMBOLS;

const NAME_WIDTH = 11;
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
    this.write(this.format('pending', name, text.slice(0, columns - NAME_WIDTH - 16)));
    this.unfinished = true;
  }

  step(kind: StepKind, name: string, text: string): void {
    this.line(this.format(kind, name, text));
  }

  /** Goes with the step before it. */
  note(text: string): void {
    for (const part of text.split('\n')) this.line(this.colors.dim(`${' '.repeat(NAME_WIDTH + 15)}${part}`));
  }

  line(text = ''): void {
    this.clearUnfinished();
    this.write(`${text}\n`);
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
    return `  ${dim(timeOfDay(new Date()))}  ${color(`${SYMBOLS[kind]} ${name.padEnd(NAME_WIDTH)}`)} ${text}`;
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

function timeOfDay(at: Date): string {
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}

/** `1.2 s` */
export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
