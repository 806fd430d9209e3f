/**
 * The text of a body, in the character set that it is in: byte order mark, then what its type says, else UTF-8.
 *
 * Keeps true:
 * 1. Never throws; what cannot be decoded is `�`, and a label that is not known, or not among {@link SINGLE_BYTE} and UTF-16, is UTF-8.
 * 2. What is UTF-8 is read so whatever its type says: JSON is [RFC 8259 §8.1], and many servers name a default that they do not use.
 * 3. Every character of ASCII in the bytes is one in the text, so that secrets are found there; UTF-16 alone puts two of them into one, and
 *    whoever looks for secrets is told of it. Sets that do the same here and there (ISO-2022-JP, GBK, Shift_JIS) are left out for that reason.
 */
import { isAscii } from 'node:buffer';

/** Names of the Encoding Standard, as `TextDecoder` says them. */
const SINGLE_BYTE: ReadonlySet<string> = new Set(
  (
    'ibm866 iso-8859-2 iso-8859-3 iso-8859-4 iso-8859-5 iso-8859-6 iso-8859-7 iso-8859-8 iso-8859-8-i iso-8859-10 iso-8859-13 ' +
    'iso-8859-14 iso-8859-15 iso-8859-16 koi8-r koi8-u macintosh windows-874 windows-1250 windows-1251 windows-1252 windows-1253 ' +
    'windows-1254 windows-1255 windows-1256 windows-1257 windows-1258 x-mac-cyrillic'
  ).split(' '),
);

export type Utf16 = 'utf-16le' | 'utf-16be';

export interface DecodedText {
  text: string;
  /** It was read as UTF-16: bytes that are none look like other characters, two by two. */
  utf16?: Utf16;
}

/** @param isCut more bytes follow that are not there: a piece of a character at the end is left out */
export function textOf(bytes: Buffer, contentType: string | undefined, isCut: boolean): DecodedText {
  const marked = utf16By(bytes);
  if (marked !== undefined) return { text: decode(marked, bytes, isCut), utf16: marked };
  // Most are, and the same in all these sets.
  if (isAscii(bytes) && !bytes.includes(0)) return { text: bytes.toString('latin1') };
  const named = namedBy(contentType);
  if (named === undefined || isUtf8(bytes, isCut)) return { text: decode('utf-8', bytes, isCut) };
  const text = decode(named, bytes, isCut);
  return named === 'utf-16le' || named === 'utf-16be' ? { text, utf16: named } : { text };
}

/** The bytes that such a text was, one character each. */
export function bytesOfUtf16(text: string, utf16: Utf16): string {
  const bytes = Buffer.from(text, 'utf16le');
  return (utf16 === 'utf-16be' ? bytes.swap16() : bytes).toString('latin1');
}

/** By its mark, or by the zeros beside its first characters, which are ASCII in JSON [RFC 4627 §3]. */
function utf16By(bytes: Buffer): Utf16 | undefined {
  const [first, second] = bytes;
  if (first === undefined || second === undefined) return undefined;
  if ((first === 0xff && second === 0xfe) || (isJsonStart(first) && second === 0)) return 'utf-16le';
  return (first === 0xfe && second === 0xff) || (first === 0 && isJsonStart(second)) ? 'utf-16be' : undefined;
}

function isJsonStart(code: number): boolean {
  return code === 0x7b || code === 0x5b || code === 0x22;
}

/** The set that a type names; undefined: UTF-8. */
function namedBy(contentType: string | undefined): string | undefined {
  const [, label] = /;\s*charset\s*=\s*["']?([\w.:-]{1,40})/i.exec(contentType ?? '') ?? [];
  if (label === undefined || /^utf-?8$/i.test(label)) return undefined;
  try {
    const { encoding } = new TextDecoder(label);
    return SINGLE_BYTE.has(encoding) || encoding === 'utf-16le' || encoding === 'utf-16be' ? encoding : undefined;
  } catch {
    return undefined;
  }
}

/** Zeros are valid there, and no text. */
function isUtf8(bytes: Buffer, isCut: boolean): boolean {
  if (bytes.includes(0)) return false;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: isCut });
    return true;
  } catch {
    return false;
  }
}

function decode(encoding: string, bytes: Buffer, isCut: boolean): string {
  const decoder = new TextDecoder(encoding);
  if (encoding === 'utf-8') return decoder.decode(bytes, { stream: isCut });
  // In one piece Node takes windows-1252 for ISO-8859-1.
  const text = decoder.decode(bytes, { stream: true });
  return isCut ? text : text + decoder.decode();
}
