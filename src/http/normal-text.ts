/**
 * Text without its encodings, for comparing it with secrets.
 *
 * Keeps true:
 * 1. One pass, and time that is linear in the text: an escape is resolved as soon as its last character is there, and what comes out may be
 *    the last character of another escape. So encodings inside encodings (`%25252B`, `\\\\u002b`, `&amp;#43;`, `%5Cu002B`) need no second pass.
 * 2. Only what distinguishes secrets is left: printable ASCII in lower case. A blank, `+` and `-` are one character (forms and Base64url
 *    exchange them), `/` and `_` another; everything else (control characters, NULs of UTF-16, line breaks, what is not ASCII) is left out.
 * 3. Every character knows where in the text it ends, so that it can be masked there.
 */

/** Text in its normal form. */
export interface NormalText {
  /** One byte a character. */
  chars: Buffer;
  /** Index in the text just behind each character; absent where that is the character's own index and one. */
  ends?: Int32Array;
}

const { min } = Math;

const PERCENT = 0x25;
const AMPERSAND = 0x26;
const SEMICOLON = 0x3b;
const BACKSLASH = 0x5c;
const HASH = 0x23;
const LETTER_U = 0x75;
const LETTER_X = 0x78;
const ZERO = 0x30;

/** Longest name of an entity, with `&` and `;`. */
const MAX_ENTITY_CHARS = 12;

/** What each code below 256 is in the normal form; 0: left out. */
const FOLDED = Uint8Array.from({ length: 256 }, (_, code) => {
  if (code === 0x20 || code === 0x2d) return 0x2b;
  if (code === 0x5f) return 0x2f;
  if (code >= 0x41 && code <= 0x5a) return code + 0x20;
  return code > 0x20 && code < 0x7f ? code : 0;
});

/** Value of each hexadecimal digit, 255 for everything else. */
const HEX = Uint8Array.from({ length: 256 }, (_, code) => {
  const value = parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(value) ? 255 : value;
});

/** `&eacute;`, `&ouml;`: left out like the letter itself. */
const LETTER_BEYOND_ASCII = /^[a-z]{1,2}(acute|grave|circ|uml|tilde|cedil|ring|slash|lig)$/;

/** Entities of HTML that encoders write for ASCII. */
const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  plus: '+',
  sol: '/',
  equals: '=',
  lowbar: '_',
  hyphen: '-',
  dash: '-',
  period: '.',
  comma: ',',
  colon: ':',
  semi: ';',
  excl: '!',
  quest: '?',
  num: '#',
  dollar: '$',
  percnt: '%',
  ast: '*',
  lpar: '(',
  rpar: ')',
  commat: '@',
  lsqb: '[',
  lbrack: '[',
  rsqb: ']',
  rbrack: ']',
  bsol: '\\',
  hat: '^',
  grave: '`',
  lcub: '{',
  lbrace: '{',
  rcub: '}',
  rbrace: '}',
  verbar: '|',
  vert: '|',
  nbsp: ' ',
};

/** Nothing was resolved. Other results are the code of the character an escape stands for. */
const NO_ESCAPE = -1;

/** Brings a text into normal form, part by part. */
export interface Normalizer {
  /** The next part. */
  read(text: string, from: number, to: number): void;
  /** What was read. */
  end(): NormalText;
}

/** `text` with all escapes resolved. */
export function decoded(text: string): NormalText {
  return readWhole(new Decoder(text.length), text);
}

/** `text` as it is written, without backslashes: an escape that ends within a secret must not hide the secret's first characters. */
export function folded(text: string): NormalText {
  return readWhole(new Folder(text.length), text);
}

function readWhole(normalizer: Normalizer, text: string): NormalText {
  normalizer.read(text, 0, text.length);
  return normalizer.end();
}

/** Resolves all escapes. */
export class Decoder implements Normalizer {
  private readonly chars: Buffer;
  private readonly ends: Int32Array;
  /** Out of how many escapes inside each other a character came: two backslashes are one escaped only where both are of one depth. */
  private readonly depths: Uint8Array;
  private size = 0;
  /** Of the character that is read now. */
  private depth = 0;

  constructor(length: number) {
    this.chars = Buffer.allocUnsafe(length);
    this.ends = new Int32Array(length);
    this.depths = new Uint8Array(length);
  }

  read(text: string, from: number, to: number): void {
    for (let index = from; index < to; index++) this.readChar(text.charCodeAt(index), index + 1);
  }

  /** Reads the next character of the text, which ends at `end`. */
  private readChar(written: number, end: number): void {
    this.depth = 0;
    let code = written;
    while (code !== NO_ESCAPE) {
      const char = code < 256 ? (FOLDED[code] ?? 0) : 0;
      if (char === 0) return;
      this.chars[this.size] = char;
      this.ends[this.size] = end;
      this.depths[this.size] = this.depth;
      this.size++;
      code = this.resolve(char);
    }
  }

  /** Backslashes that were the beginning of nothing go: nobody knows how often they were escaped. */
  end(): NormalText {
    const { chars, ends } = this;
    let size = 0;
    for (let index = 0; index < this.size; index++) {
      const char = chars[index] ?? 0;
      if (char === BACKSLASH) continue;
      chars[size] = char;
      ends[size] = ends[index] ?? 0;
      size++;
    }
    return { chars: chars.subarray(0, size), ends: ends.subarray(0, size) };
  }

  /** Code of the character that the last ones stand for; they are removed then. */
  private resolve(last: number): number {
    const { chars, size } = this;
    if (HEX[last] !== 255 && size > 2) {
      const code = this.resolveHex();
      if (code !== NO_ESCAPE) return code;
    }
    if (size > 1 && chars[size - 2] === BACKSLASH) return this.resolveBackslash(last);
    if (last === SEMICOLON) return this.resolveEntity();
    // `&#0000043;`: leading zeros do not count, however many.
    if (last === ZERO && this.beginsEntity()) this.size--;
    return NO_ESCAPE;
  }

  /** `%2b`, `\x2b`, `\u002b`, `%u002b`; without their last digits they wait. */
  private resolveHex(): number {
    const { chars, size } = this;
    if (HEX[chars[size - 2] ?? 0] === 255) return NO_ESCAPE;
    if (chars[size - 3] === PERCENT) return this.number(3, 2);
    if (size < 4) return NO_ESCAPE;
    if (chars[size - 3] === LETTER_X && chars[size - 4] === BACKSLASH) return this.number(4, 2);
    if (size < 6 || chars[size - 5] !== LETTER_U || (chars[size - 6] !== BACKSLASH && chars[size - 6] !== PERCENT)) return NO_ESCAPE;
    return HEX[chars[size - 3] ?? 0] === 255 || HEX[chars[size - 4] ?? 0] === 255 ? NO_ESCAPE : this.number(6, 4);
  }

  /** Removes an escape of so many characters, and reads its last hexadecimal digits. */
  private number(escapeChars: number, digits: number): number {
    let value = 0;
    for (let index = this.size - digits; index < this.size; index++) value = value * 16 + (HEX[this.chars[index] ?? 0] ?? 0);
    this.removeFrom(this.size - escapeChars);
    return value;
  }

  /** `\"`, `\/`: the character itself. So does the `n` of `\n` stay: it may be a decoded letter behind a backslash. */
  private resolveBackslash(last: number): number {
    const { size, depths } = this;
    // Perhaps the beginning of `\u002b` or `\x2b`, whose backslash and `u` may be written as escapes themselves.
    if (last === LETTER_U || last === LETTER_X || last === PERCENT || last === AMPERSAND) return NO_ESCAPE;
    if (last === BACKSLASH && depths[size - 1] !== depths[size - 2]) return NO_ESCAPE;
    this.removeFrom(size - 2);
    return last;
  }

  private resolveEntity(): number {
    const { chars, size } = this;
    const least = Math.max(0, size - MAX_ENTITY_CHARS);
    for (let start = size - 3; start >= least; start--) {
      const char = chars[start];
      if (char === SEMICOLON) return NO_ESCAPE;
      if (char !== AMPERSAND) continue;
      const code = entityCode(chars.toString('latin1', start + 1, size - 1));
      if (code !== NO_ESCAPE) this.removeFrom(start);
      return code;
    }
    return NO_ESCAPE;
  }

  private beginsEntity(): boolean {
    const { chars, size } = this;
    const start = chars[size - 2] === LETTER_X ? size - 4 : size - 3;
    return start >= 0 && chars[start] === AMPERSAND && chars[start + 1] === HASH;
  }

  /** Removes the escape that begins at `start`. */
  private removeFrom(start: number): void {
    this.size = start;
    this.depth = min(255, (this.depths[start] ?? 0) + 1);
  }
}

/** Leaves escapes as they are written, without backslashes. */
export class Folder implements Normalizer {
  private readonly chars: Buffer;
  private ends: Int32Array | undefined;
  private size = 0;

  constructor(length: number) {
    this.chars = Buffer.allocUnsafe(length);
  }

  read(text: string, from: number, to: number): void {
    const { chars } = this;
    for (let index = from; index < to; index++) {
      const code = text.charCodeAt(index);
      const char = code < 256 && code !== BACKSLASH ? (FOLDED[code] ?? 0) : 0;
      if (char === 0) this.ends ??= ownEnds(this.size, chars.length);
      else {
        chars[this.size] = char;
        if (this.ends !== undefined) this.ends[this.size] = index + 1;
        this.size++;
      }
    }
  }

  end(): NormalText {
    const { chars, ends, size } = this;
    return { chars: chars.subarray(0, size), ends: ends?.subarray(0, size) };
  }
}

/** Where characters end while none was left out. */
function ownEnds(size: number, length: number): Int32Array {
  const ends = new Int32Array(length);
  for (let index = 0; index < size; index++) ends[index] = index + 1;
  return ends;
}

/** Whether something in `text` may be an escape. */
export function hasEscapes(text: string): boolean {
  return text.includes('%') || text.includes('\\') || text.includes('&');
}

/** Index in the text where the character at `index` of its normal form begins. What is left out before it does not belong to it. */
export function startOf({ ends }: NormalText, text: string, index: number): number {
  if (ends === undefined) return index;
  let start = index === 0 ? 0 : (ends[index - 1] ?? 0);
  for (; start < text.length; start++) {
    const code = text.charCodeAt(start);
    if (code === BACKSLASH || (code < 256 && FOLDED[code] !== 0)) break;
  }
  return start;
}

/** Index in the text just behind the character at `index` of its normal form. */
export function endOf({ ends }: NormalText, index: number): number {
  return ends === undefined ? index + 1 : (ends[index] ?? 0);
}

/** Code of what `&name;` stands for. */
function entityCode(name: string): number {
  if (name.startsWith('#')) {
    const digits = name.startsWith('#x') ? `0x${name.slice(2)}` : name.slice(1);
    const code = /^(0x[0-9a-f]{1,6}|\d{1,7})$/.test(digits) ? Number(digits) : NO_ESCAPE;
    // A zero of its own has lost its digits.
    return name === '#' || name === '#x' ? 0 : code;
  }
  if (Object.hasOwn(ENTITIES, name)) return (ENTITIES[name] ?? '').charCodeAt(0);
  return LETTER_BEYOND_ASCII.test(name) ? 0 : NO_ESCAPE;
}
