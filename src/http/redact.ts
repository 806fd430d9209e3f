/**
 * Secrets that this process has resolved never stand in what it writes.
 *
 * Keeps true:
 * 1. Once a value was given to `add`, no text that went through `clean` or `cleanAnswer` holds it or a run of 16 of its characters: as it is, in
 *    URLs, JSON, HTML and forms (also one inside the other), in other letter case, as UTF-16, in Base64 and hexadecimal digits.
 * 2. The work is linear in the text, and no error quotes a secret.
 * 3. Only the latest secrets are kept: tokens come and go for months.
 */
import { decoded, endOf, folded, hasEscapes, startOf, type NormalText } from './normal-text';
import { MIN_SECRET_CHARS, patternsOf, type SecretPatterns } from './secret-patterns';
import { findWhole, WINDOW_CHARS, WindowIndex } from './secret-windows';

/** The present token, the one before it, and a client secret, with room for a rotation in between. */
const KEPT_SECRETS = 6;

const MASK = '***';

/** Parts of a text, by the index of their first character and the one behind their last. */
type Range = [start: number, end: number];

export class Redactor {
  /** The latest last. */
  private readonly patterns = new Map<string, SecretPatterns>();
  private readonly lasting = new Map<string, SecretPatterns>();
  /** Of all that are long enough; made when it is needed first. */
  private index: WindowIndex | undefined;
  private wholes: Buffer[] = [];

  /** From now on `secret` is masked. Of older ones the latest few stay masked. */
  add(secret: string): void {
    if (secret === '') return;
    const known = this.patterns.get(secret);
    this.patterns.delete(secret);
    this.patterns.set(secret, known ?? patternsOf(secret));
    if (known !== undefined) return;
    const [oldest] = this.patterns.keys();
    if (this.patterns.size > KEPT_SECRETS && oldest !== undefined) this.patterns.delete(oldest);
    this.index = undefined;
  }

  /** The same for a secret that never changes. */
  addForGood(secret: string): void {
    if (secret === '') return;
    this.lasting.set(secret, patternsOf(secret));
    this.index = undefined;
  }

  /** `text` with every secret as `***`: for reasons, messages and logs. */
  clean(text: string): string {
    return this.masked(text, 1);
  }

  /** The same for what a service sent: one that echoes the request would carry the secret into the workflow's history. */
  cleanAnswer(text: string): string {
    return this.masked(text, MIN_SECRET_CHARS);
  }

  private masked(text: string, minSecretChars: number): string {
    if (this.patterns.size + this.lasting.size === 0) return text;
    let cleaned = text;
    for (const [secret, { spellings }] of this.all()) {
      if (secret.length < minSecretChars) continue;
      for (const spelling of spellings) if (cleaned.includes(spelling)) cleaned = cleaned.replaceAll(spelling, () => MASK);
    }
    if (cleaned.length < MIN_SECRET_CHARS) return cleaned;
    // An escape may end within a secret, and takes its first characters with it; as it is written they still stand there.
    const ranges = this.rangesIn(folded(cleaned), cleaned);
    if (hasEscapes(cleaned)) ranges.push(...this.rangesIn(decoded(cleaned), cleaned));
    return withMasks(cleaned, ranges);
  }

  /** Where in `text` pieces of secrets stand. */
  private rangesIn(normal: NormalText, text: string): Range[] {
    const index = (this.index ??= this.openIndex());
    const ranges: Range[] = [];
    const found = (start: number, end: number): void => {
      const last = ranges.at(-1);
      if (last !== undefined && start <= last[1] && start >= last[0]) last[1] = Math.max(last[1], end);
      else ranges.push([start, end]);
    };
    if (normal.chars.length >= WINDOW_CHARS) index.find(normal.chars, found);
    for (const whole of this.wholes) findWhole(normal.chars, whole, found);
    for (const range of ranges) {
      const [start, end] = range;
      range[0] = startOf(normal, text, start);
      range[1] = endOf(normal, end - 1);
    }
    return ranges;
  }

  private all(): [secret: string, patterns: SecretPatterns][] {
    return [...this.lasting, ...this.patterns];
  }

  private openIndex(): WindowIndex {
    const all = this.all().map(([, patterns]) => patterns);
    this.wholes = all.flatMap(({ wholes }) => wholes);
    return new WindowIndex(all.flatMap(({ windows }) => windows));
  }
}

/** `text` with `***` for each of `ranges`, which may overlap. */
function withMasks(text: string, ranges: Range[]): string {
  if (ranges.length === 0) return text;
  ranges.sort(([left], [right]) => left - right);
  const parts: string[] = [];
  let at = 0;
  let isMasked = false;
  for (const [start, end] of ranges) {
    if (start > at || !isMasked) parts.push(text.slice(at, start), MASK);
    isMasked = true;
    at = Math.max(at, end);
  }
  parts.push(text.slice(at));
  return parts.join('');
}
