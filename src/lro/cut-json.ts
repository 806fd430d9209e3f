/**
 * Reads large and cut JSON as far as it is worth reading.
 *
 * Keeps true: a bounded number of passes over the text, whatever comes in. (The kept streaming parsers take half a second for a
 * megabyte of `[`, repairing parsers are quadratic, and `JSON.parse` itself takes a quarter of a second for half a million levels.)
 */
import type { Json } from '../contract';

/** Deeper levels are not needed to know a status. What is kept has half of them, so that what lost some there is known to be cut. */
const MAX_LEVELS = 128;
/** Shorter texts cost nothing, however deep. */
const SHORT_CHARS = 65_536;

/** `text` with `null` in the place of every list and object below the deepest level that is read. */
export function withoutDeepLevels(text: string): string {
  if (text.length <= SHORT_CHARS) return text;
  let level = 0;
  let keptFrom = 0;
  let deepFrom = 0;
  const kept: string[] = [];
  for (let index = 0; index < text.length; index++) {
    const char = text[index];
    if (char === '"') index = endOfString(text, index);
    else if (char === '{' || char === '[') {
      if (++level === MAX_LEVELS + 1) deepFrom = index;
    } else if ((char === '}' || char === ']') && level-- === MAX_LEVELS + 1) {
      kept.push(text.slice(keptFrom, deepFrom), 'null');
      keptFrom = index + 1;
    }
  }
  if (level > MAX_LEVELS) return kept.join('') + text.slice(keptFrom, deepFrom);
  return kept.length === 0 ? text : kept.join('') + text.slice(keptFrom);
}

/**
 * The beginning of JSON that was cut at our own size limit: the fields and items that are whole, in the containers around them.
 * `undefined` where there are none, or it is no JSON.
 */
export function readCutJson(text: string): Json | undefined {
  const whole = wholePart(text);
  if (whole === undefined) return undefined;
  try {
    return JSON.parse(whole) as Json;
  } catch {
    return undefined;
  }
}

/** The text up to the last comma or closing bracket, with every container that is open there closed. */
function wholePart(text: string): string | undefined {
  const closers: string[] = [];
  let end = 0;
  // Whatever is opened behind `end` stands above these, and closing one of them moves `end`.
  let openAtEnd = 0;
  for (let index = 0; index < text.length; index++) {
    const char = text[index];
    if (char === '"') index = endOfString(text, index);
    else if (char === '{') closers.push('}');
    else if (char === '[') closers.push(']');
    else if (char === ',' || char === '}' || char === ']') {
      if (char !== ',') closers.pop();
      end = char === ',' ? index : index + 1;
      openAtEnd = closers.length;
    }
    if (closers.length > 0) continue;
    // Something behind a value that is whole: lines of JSON, for one.
    return end > 0 && text.slice(end).trim() === '' ? text.slice(0, end) : undefined;
  }
  return end === 0 ? undefined : text.slice(0, end) + closers.slice(0, openAtEnd).reverse().join('');
}

/** Index of the quote that ends the string which begins at `start`, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index++) {
    if (text[index] === '\\') index++;
    else if (text[index] === '"') return index;
  }
  return text.length;
}
