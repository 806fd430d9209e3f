/** Looks for pieces of a secret in texts, with means of its own: what hides secrets in the worker is not what finds them here. */

/** Rounds of decoding: as many encodings as may stand inside each other, in a report in JSON, in a history in JSON. */
const ROUNDS = 6;
const PIECE_CHARS = 16;
const PIECES = 24;

const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** `text` without escapes, NULs, backslashes and difference of case; what forms and Base64url exchange is one character. */
function plain(text: string): string {
  let decoded = text;
  for (let round = 0; round < ROUNDS; round++) {
    decoded = decoded
      .replaceAll('\u0000', '')
      .replace(/\\(?:u([0-9a-f]{4})|(["/\\]))/gi, (_, hex: string | undefined, char: string) =>
        hex === undefined ? char : String.fromCharCode(parseInt(hex, 16)),
      )
      .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
      .replace(/&#x0*([0-9a-f]{1,4});/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
      .replace(/&#0*(\d{1,5});/g, (_, digits: string) => String.fromCharCode(Number(digits)))
      .replace(/&(amp|lt|gt|quot|apos);/gi, (_, name: string) => NAMED[name.toLowerCase()] ?? '');
  }
  return folded(decoded);
}

function folded(text: string): string {
  return text
    .replace(/[\u0000\\]/g, '')
    .replace(/[+-]/g, ' ')
    .replaceAll('_', '/')
    .toLowerCase();
}

/** Pieces of `text` from its beginning to its end. */
function pieces(text: string, chars: number): string[] {
  if (text.length <= chars) return [text];
  const last = text.length - chars;
  return Array.from({ length: PIECES + 1 }, (_, index) => Math.round((last * index) / PIECES)).map((start) =>
    text.slice(start, start + chars),
  );
}

/** What in texts gives the secret away: of one below 16 characters the whole, else any 16 of them. */
export function tracesOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const base64 = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    return text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
  });
  return [...pieces(secret, PIECE_CHARS), ...base64.flatMap((text) => pieces(text, 24)), ...pieces(bytes.toString('hex'), 32)].map(folded);
}

/** Texts that are searched, made ready once. */
export class Haystack {
  private readonly texts: readonly string[];

  constructor(text: string) {
    this.texts = [folded(text), plain(text)];
  }

  /** What stands around the first trace; empty where there is none. */
  find(traces: readonly string[]): string {
    for (const text of this.texts) {
      for (const trace of traces) {
        const at = text.indexOf(trace);
        if (at !== -1) return text.slice(Math.max(0, at - 100), at + trace.length + 20);
      }
    }
    return '';
  }
}
