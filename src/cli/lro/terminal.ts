/**
 * The one way of texts to the terminal.
 *
 * Keeps true: ids, labels and messages come from callers and services; no character of theirs moves the cursor, changes colours, sets the
 * title or turns the direction of the text: such characters are shown as JSON writes them, so that `--json` stays JSON.
 */

/** C0 but line feed and tab, DEL, C1, other line ends, and what turns the direction. */
const UNSAFE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** The text with everything that a terminal might obey written as `\u001b`. */
export function forTerminal(text: string): string {
  return text.replace(UNSAFE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

export function writeOut(text: string): void {
  console.log(forTerminal(text));
}

export function writeError(text: string): void {
  console.error(forTerminal(text));
}

/** A word of a command that somebody copies: quoted where a shell would read more in it. */
export function forShell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
