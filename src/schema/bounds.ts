/**
 * Limits of inputs, judged before any schema looks at them.
 *
 * Keeps true: the work is linear in the input and stops at the first limit; nothing here recurses or throws, however deep the value is.
 */

export interface Bounds {
  /** Levels of objects and lists, the outermost counted. */
  maxDepth: number;
  /** Of the value as JSON, about: escapes are not counted. */
  maxBytes: number;
}

/** Deeper JSON overflows the stacks of parsers, also of other languages. */
export const MAX_DEPTH = 64;

/** Half of the largest payload that Temporal takes: an input travels with others. [design.md section 3, "Sizes"] */
const MAX_INPUT_BYTES = 1_048_576;

const INPUT_BOUNDS: Bounds = { maxDepth: MAX_DEPTH, maxBytes: MAX_INPUT_BYTES };

/** Headers of one request; they travel with every status monitor, and servers commonly take 16 KiB of them. */
export const MAX_HEADERS = 100;
export const MAX_HEADER_CHARS = 16_384;
/** Of all their names and values together. */
export const MAX_HEADERS_CHARS = 32_768;
/** Parameters of one URL, wherever they are written. */
export const MAX_QUERY_PARAMETERS = 200;
export const MAX_QUERY_CHARS = 8192;
/** Of a request's URL, with all its parameters. */
export const MAX_URL_CHARS = 16_384;

/** Of a field's name in a message. */
const MAX_SHOWN_CHARS = 64;
/** Of the place of a mistake. */
const MAX_SHOWN_PLACE_CHARS = 200;

/** Assigned to a plain object it would change what the object is, not what it holds. */
const RESERVED_NAME = '__proto__';

/** An object or a list whose content is still to be looked at. */
interface Level {
  content: object;
  /** Where it stands, `submit.body`; empty for the value itself. */
  at: string;
  depth: number;
}

/** @returns the limit that `value` breaks, with the field where it does, or undefined. @param whole what the value is called */
export function boundsMistake(value: unknown, bounds: Bounds = INPUT_BOUNDS, whole = 'input'): string | undefined {
  return new Walk(bounds, whole).mistakeIn(value);
}

class Walk {
  private readonly open: Level[] = [];
  private bytes = 0;

  constructor(
    private readonly bounds: Bounds,
    private readonly whole: string,
  ) {}

  mistakeIn(value: unknown): string | undefined {
    let mistake = this.enter(value, '', { content: {}, at: '', depth: 0 });
    for (let level = this.open.pop(); mistake === undefined && level !== undefined; level = this.open.pop()) {
      mistake = Array.isArray(level.content) ? this.list(level, level.content) : this.fields(level);
    }
    return mistake;
  }

  private list(level: Level, items: readonly unknown[]): string | undefined {
    for (let index = 0; index < items.length; index++) {
      const mistake = this.enter(items[index], index, level);
      if (mistake !== undefined) return mistake;
    }
    return undefined;
  }

  private fields(level: Level): string | undefined {
    for (const name of Object.keys(level.content)) {
      if (name === RESERVED_NAME) return `${level.at || this.whole}: must not have a field "${RESERVED_NAME}"`;
      this.bytes += Buffer.byteLength(name) + 3;
      const mistake = this.enter((level.content as Record<string, unknown>)[name], name, level);
      if (mistake !== undefined) return mistake;
    }
    return undefined;
  }

  /** Counts one value; one that holds others is left open. */
  private enter(value: unknown, name: string | number, { at, depth }: Level): string | undefined {
    this.bytes += ownBytes(value);
    if (this.bytes > this.bounds.maxBytes) return `${this.whole}: must be at most ${this.bounds.maxBytes} bytes of JSON`;
    if (!isJson(value)) return `${placeOf(at, name) || this.whole}: must be JSON`;
    if (typeof value !== 'object' || value === null) return undefined;
    if (depth >= this.bounds.maxDepth) {
      return `${placeOf(at, name)}: must be at most ${this.bounds.maxDepth} levels deep`;
    }
    this.open.push({ content: value, at: placeOf(at, name), depth: depth + 1 });
    return undefined;
  }
}

/** With a comma; of what holds others, the brackets. */
function ownBytes(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value) + 3;
  return typeof value === 'number' ? 2 : 3;
}

function isJson(value: unknown): boolean {
  return typeof value === 'number' ? Number.isFinite(value) : !['bigint', 'function', 'symbol'].includes(typeof value);
}

function placeOf(at: string, name: string | number): string {
  if (at.length >= MAX_SHOWN_PLACE_CHARS) return at;
  const own = typeof name === 'number' || name.length <= MAX_SHOWN_CHARS ? String(name) : `${name.slice(0, MAX_SHOWN_CHARS)}…`;
  return at === '' ? own : `${at}.${own}`;
}
