/**
 * What of a secret is searched for in text.
 *
 * Keeps true: everything here is plain bytes and texts to compare with; nothing is compiled, and nothing throws.
 */
import { decoded, folded } from './normal-text';
import { WINDOW_CHARS } from './secret-windows';

/** Of secrets of at least so many characters every piece is masked, of shorter ones the whole. */
const PIECES_FROM_CHARS = 16;

/** Shorter ones are not searched for in answers, where they would cut words of the service to pieces. */
export const MIN_SECRET_CHARS = 8;

/** The least that is searched for in normal form: characters beyond ASCII and escapes in a secret are not in it. */
const MIN_NORMAL_CHARS = 6;

export interface SecretPatterns {
  /** Texts in normal form, of which every window is searched for. */
  windows: readonly Buffer[];
  /** Texts in normal form that are searched for as a whole. */
  wholes: readonly Buffer[];
  /** Spellings that are searched for as they are, for secrets of which little or nothing is left in the normal form. */
  spellings: readonly string[];
}

/** The patterns of `secret`, which is not empty. */
export function patternsOf(secret: string): SecretPatterns {
  const plain = [decoded(secret).chars, folded(secret).chars];
  const bytes = [Buffer.from(secret, 'utf8'), Buffer.from(secret, 'latin1')];
  const encoded = bytes.flatMap((each) => [...base64Forms(each), each.toString('hex')]).map((text) => folded(text).chars);
  const all = unique([...plain, ...encoded]);
  const isShort = secret.length < MIN_SECRET_CHARS || plain.some(({ length }) => length < MIN_NORMAL_CHARS);
  const usable = secret.length < MIN_SECRET_CHARS ? [] : all.filter(({ length }) => length >= MIN_NORMAL_CHARS);
  const inPieces = secret.length >= PIECES_FROM_CHARS;
  return {
    windows: inPieces ? usable.filter(({ length }) => length >= WINDOW_CHARS) : [],
    wholes: inPieces ? usable.filter(({ length }) => length < WINDOW_CHARS) : usable,
    spellings: isShort ? spellingsOf(secret) : [],
  };
}

/** Base64 of bytes in the middle of others: the characters that depend on these alone, for each place in a group of three. */
function base64Forms(bytes: Buffer): string[] {
  return [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    return text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
  });
}

function unique(texts: readonly Buffer[]): Buffer[] {
  return [...new Map(texts.map((text) => [text.toString('latin1'), text])).values()];
}

/** Raw, in a URL (either case of its digits), in a form, in JSON. */
function spellingsOf(secret: string): string[] {
  const inUrl = encodeURIComponent(Buffer.from(secret).toString());
  const inJson = JSON.stringify(secret).slice(1, -1);
  const inAscii = Array.from(secret, (char) => (/[\w.~-]/.test(char) ? char : unicodeEscape(char))).join('');
  return [...new Set([secret, inUrl, lowerHex(inUrl), inUrl.replaceAll('%20', '+'), inJson, inJson.replaceAll('/', '\\/'), inAscii])].sort(
    (left, right) => right.length - left.length,
  );
}

function lowerHex(url: string): string {
  return url.replace(/%[0-9A-F]{2}/g, (hex) => hex.toLowerCase());
}

function unicodeEscape(char: string): string {
  return Array.from({ length: char.length }, (_, index) => `\\u${char.charCodeAt(index).toString(16).padStart(4, '0')}`).join('');
}
