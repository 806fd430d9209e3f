/**
 * Text of a service as it may stand where people read it.
 *
 * Keeps true: what comes out is valid UTF-8 once written (half a character in a failure's message is refused by Temporal's core, which stops the whole worker, and the next one).
 */

/** `text` with every lone surrogate replaced: they come from `\ud800` in JSON, and from cutting a character in two. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}

/** Whether an id can stand in messages, URLs and the UI as it is. */
export function isPlain(text: string): boolean {
  return !/[\p{Surrogate}\u0000-\u001f\u007f-\u009f\u2028\u2029]/u.test(text);
}

/** One line, no control characters, no endless length. */
export function oneLine(text: string, maxChars = 400): string {
  const line = text
    .slice(0, 4000)
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
    .trim();
  return wellFormed(line.length > maxChars ? `${line.slice(0, maxChars)}…` : line);
}
