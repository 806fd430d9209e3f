/**
 * One line of the log as it is written: without secrets, and not longer than collectors of logs take.
 *
 * Keeps true: whatever stands in it, what is written is one JSON object, with its level, time and message.
 */

/** Container runtimes and collectors cut lines from 16 KiB on. */
const MAX_LINE_CHARS = 16_000;
/** Of a line that has to be made anew. */
const MAX_TEXT_CHARS = 2000;
const MAX_ENTRIES = 20;
const MAX_DEPTH = 4;

/** @param line as pino has made it, with its end of line @param clean masks secrets */
export function writtenLine(line: string, clean: (text: string) => string): string {
  const cleaned = clean(line);
  if (cleaned.length <= MAX_LINE_CHARS && (cleaned === line || isJson(cleaned))) return cleaned;
  // A mask may take a quote with it.
  const { level, time, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const head = { level, time, ...(cleaned.length <= MAX_LINE_CHARS ? {} : { cutFromChars: line.length }) };
  const whole = JSON.stringify({ ...head, ...(short(fields, clean, 0) as object), msg: short(msg, clean, 0) });
  return `${whole.length <= MAX_LINE_CHARS ? whole : JSON.stringify({ ...head, msg: short(msg, clean, 0) })}\n`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function short(value: unknown, clean: (text: string) => string, depth: number): unknown {
  if (typeof value === 'string') {
    const cleaned = clean(value);
    return cleaned.length <= MAX_TEXT_CHARS ? cleaned : `${cleaned.slice(0, MAX_TEXT_CHARS)}…`;
  }
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return '…';
  if (Array.isArray(value)) return value.slice(0, MAX_ENTRIES).map((entry) => short(entry, clean, depth + 1));
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, MAX_ENTRIES)
      .map(([name, field]) => [short(name, clean, depth), short(field, clean, depth + 1)]),
  );
}
