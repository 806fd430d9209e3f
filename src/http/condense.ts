/**
 * Makes long bodies short enough to be read at once.
 *
 * Keeps true: what comes out is at most {@link MAX_READ_CHARS} long; a body of JSON keeps its structure and the fields of its upper levels, wherever in
 * it they stand, and loses the ends of long texts and lists, of which no more than 64 KiB would be kept. What lost something counts as cut.
 */
import type { AnswerBody } from '../lro/answer';
import { inSlices, SLICE_CHARS } from './slices';

/** `JSON.parse` of so much takes some tens of milliseconds, and cannot be interrupted. */
const MAX_READ_CHARS = 1_048_576;
/** Of one string. */
const MAX_STRING_CHARS = 16_384;
/** Of one list, and of one object below the upper levels. */
const MAX_VALUE_CHARS = 65_536;
/** Objects of so many levels keep all their fields: a status may stand behind a long list, and so may an error's code. */
const UPPER_LEVELS = 3;
/** What is read of JSON ends at 128 levels anyway. */
const MAX_LEVELS = 128;

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** The body itself where it is short. Turns of the event loop pass while a long one is read. */
export async function condensed(body: AnswerBody): Promise<AnswerBody> {
  if (body.text.length <= MAX_READ_CHARS) return body;
  const text = body.cutBy === 'connection' ? body.text : await inSlices(() => withoutLongParts(body.text.trimStart()));
  return { text: text.slice(0, MAX_READ_CHARS), cutBy: body.cutBy ?? 'limit' };
}

function* withoutLongParts(text: string): Generator<void, string> {
  const condenser = new Condenser(text);
  for (let from = 0; from < text.length && condenser.read(from, Math.min(from + SLICE_CHARS, text.length)); from += SLICE_CHARS) yield;
  return condenser.end();
}

class Condenser {
  private readonly kept: string[] = [];
  private keptChars = 0;
  /** Where the part begins that is kept next; what lies between parts is left out. */
  private from = 0;
  /** Of each open container: whether it is a list, and how much was kept before it. */
  private readonly open: { isList: boolean; before: number }[] = [];
  /** Levels that are open within what is left out; 0: nothing is. */
  private leftOut = 0;
  /** Whether the container whose end ends the leaving out is itself left out. */
  private wholly = false;
  private string: 'none' | 'kept' | 'cut' = 'none';
  private stringStart = 0;
  private isEscaped = false;

  constructor(private readonly text: string) {}

  /** Reads the next part; false when there is nothing more to leave out. */
  read(from: number, to: number): boolean {
    for (let index = from; index < to; index++) {
      const code = this.text.charCodeAt(index);
      if (this.string !== 'none') this.readString(code, index);
      else if (code === QUOTE) {
        this.string = 'kept';
        this.stringStart = index;
      } else if (this.leftOut > 0) this.readLeftOut(code, index);
      else if (!this.readKept(code, index)) return false;
    }
    return true;
  }

  end(): string {
    // A body that was cut while something was left out ends there.
    if (this.leftOut === 0 && this.string !== 'cut') this.keep(this.text.length);
    return this.kept.join('');
  }

  private readString(code: number, index: number): void {
    if (this.isEscaped) this.isEscaped = false;
    else if (code === QUOTE) {
      if (this.string === 'cut') this.from = index;
      this.string = 'none';
    } else if (this.string === 'kept' && this.leftOut === 0 && index - this.stringStart >= MAX_STRING_CHARS && !isSecondHalf(code)) {
      this.keep(index);
      this.string = 'cut';
      this.isEscaped = code === BACKSLASH;
    } else this.isEscaped = code === BACKSLASH;
  }

  private readLeftOut(code: number, index: number): void {
    if (code === OPEN_LIST || code === OPEN_OBJECT) this.leftOut++;
    else if ((code === CLOSE_LIST || code === CLOSE_OBJECT) && --this.leftOut === 0) {
      if (!this.wholly) this.open.pop();
      this.from = this.wholly ? index + 1 : index;
    }
  }

  private readKept(code: number, index: number): boolean {
    const { open } = this;
    if (code === OPEN_LIST || code === OPEN_OBJECT) {
      if (open.length === MAX_LEVELS) this.leaveOut(index, true);
      else open.push({ isList: code === OPEN_LIST, before: this.keptUpTo(index) });
    } else if (code === CLOSE_LIST || code === CLOSE_OBJECT) open.pop();
    else if (code === COMMA) {
      const inner = open.at(-1);
      const mayBeCut = inner !== undefined && (inner.isList || open.length > UPPER_LEVELS);
      if (mayBeCut && this.keptUpTo(index) - inner.before > MAX_VALUE_CHARS) this.leaveOut(index, false);
    }
    return open.length > 0;
  }

  private leaveOut(index: number, wholly: boolean): void {
    this.keep(index);
    if (wholly) this.kept.push('null');
    this.wholly = wholly;
    this.leftOut = 1;
  }

  private keptUpTo(index: number): number {
    return this.keptChars + index - this.from;
  }

  private keep(end: number): void {
    this.kept.push(this.text.slice(this.from, end));
    this.keptChars += end - this.from;
    this.from = end;
  }
}

/** Of a pair that is one character. */
function isSecondHalf(code: number): boolean {
  return code >= 0xdc00 && code <= 0xdfff;
}
