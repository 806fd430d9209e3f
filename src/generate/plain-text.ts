/**
 * The ways of a specification's texts into generated files.
 *
 * Keeps true: nothing that a specification says ends a comment, a string or a line of what is generated.
 */

/** Controls, line and paragraph separators, what turns the direction of text, and halves of characters. */
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]|\p{Surrogate}/gu;
const MAX_COMMENT_CHARS = 300;

/** On one line, for a comment of TypeScript or YAML; empty for what is no text. */
export function commentOf(value: unknown): string {
  if (typeof value !== 'string') return '';
  const line = value
    .slice(0, MAX_COMMENT_CHARS * 4)
    .replace(UNSAFE, ' ')
    .replace(/\s+/g, ' ')
    .replaceAll('*/', '* /')
    .trim();
  return line.length > MAX_COMMENT_CHARS ? `${line.slice(0, MAX_COMMENT_CHARS)} …` : line;
}

/** As a literal of TypeScript: JSON whose unusual characters are escaped. */
export function literalOf(value: unknown): string {
  return JSON.stringify(value).replace(UNSAFE, (char) =>
    [...Array(char.length).keys()].map((at) => `\\u${char.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''),
  );
}

/** As the name of a property. */
export function keyOf(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : literalOf(name);
}
