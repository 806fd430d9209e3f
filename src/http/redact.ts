/**
 * Secrets that this process has resolved never stand in what it writes.
 *
 * Keeps true:
 * 1. Once a value was given to `add`, no text that went through `clean` or `cleanAnswer` holds it or a run of 16 of its characters: as it is, in
 *    URLs, JSON, HTML and forms (also one inside the other), in other letter case, as UTF-16, in Base64 and hexadecimal digits.
 * 2. The work is linear in the text, no error quotes a secret, and of long texts it leaves turns of the event loop to others.
 * 3. Only the latest secrets are kept: tokens come and go for months.
 */
import { Marks, MASK } from './marks';
import { Decoder, endOf, Folder, hasEscapes, startOf, type Normalizer } from './normal-text';
import { MIN_SECRET_CHARS, patternsOf, type SecretPatterns } from './secret-patterns';
import { findWhole, WINDOW_CHARS, WindowIndex } from './secret-windows';
import { atOnce, inSlices, SLICE_CHARS } from './slices';

/** The present token, the one before it, and a client secret, with room for a rotation in between. */
const KEPT_SECRETS = 6;

/** What is looked for in texts. */
interface Search {
  /** Of secrets that are long enough. */
  index: WindowIndex;
  wholes: readonly Buffer[];
  spellings: readonly { spelling: string; secretChars: number }[];
  marks: readonly MarkedSecret[];
}

/** What many secrets begin with, and how one of them is found. */
interface MarkedSecret {
  mark: string;
  whole: RegExp;
}

export class Redactor {
  /** The latest last. */
  private readonly patterns = new Map<string, SecretPatterns>();
  private readonly lasting = new Map<string, SecretPatterns>();
  private newest = '';
  private readonly marks: MarkedSecret[] = [];
  /** Of all of them. */
  private present: Search | undefined;
  /** Changes whenever what is masked changes. */
  revision = 0;

  /** From now on `secret` is masked. Of older ones the latest few stay masked. */
  add(secret: string): void {
    // Every request brings its secret along.
    if (secret === this.newest || secret === '') return;
    this.newest = secret;
    const known = this.patterns.get(secret);
    this.patterns.delete(secret);
    this.patterns.set(secret, known ?? patternsOf(secret));
    if (known !== undefined) return;
    const [oldest] = this.patterns.keys();
    if (this.patterns.size > KEPT_SECRETS && oldest !== undefined) this.patterns.delete(oldest);
    this.changed();
  }

  /** The same for a secret that never changes. */
  addForGood(secret: string): void {
    if (secret === '') return;
    this.lasting.set(secret, patternsOf(secret));
    this.changed();
  }

  /**
   * The same for secrets that are many and all begin with `mark`: it is masked like any other, and what follows it as far as letters, digits,
   * `-`, `_` and `.` go. What is left of one in an encoding where its rest cannot be found is worth nothing without the mark.
   */
  addMark(mark: string): void {
    this.marks.push({ mark, whole: new RegExp(`${mark}[\\w.-]*`, 'g') });
    this.addForGood(mark);
  }

  /** `text` with every secret as `***`: for reasons, messages and logs. */
  clean(text: string): string {
    return this.masked(text, 1);
  }

  /** The same for what a service sent: one that echoes the request would carry the secret into the workflow's history. */
  cleanAnswer(text: string): string {
    return this.masked(text, MIN_SECRET_CHARS);
  }

  /** {@link cleanAnswer} of a long text, with turns of the event loop in between. What is masked are the secrets of now. */
  async cleanLongAnswer(text: string): Promise<string> {
    const search = this.search();
    return search === undefined ? text : inSlices(() => masking(text, search, MIN_SECRET_CHARS));
  }

  /** What several of them mask, as one that works as quickly as each of them: until one of them changes. */
  static cleanerOf(redactors: Iterable<Redactor>): (text: string) => string {
    const all = [...redactors];
    const search = searchOf(
      all.flatMap(({ lasting, patterns }) => [...lasting, ...patterns]),
      all.flatMap(({ marks }) => marks),
    );
    return (text) => (search === undefined ? text : atOnce(masking(text, search, MIN_SECRET_CHARS)));
  }

  private changed(): void {
    this.present = undefined;
    this.revision++;
  }

  private masked(text: string, minSecretChars: number): string {
    const search = this.search();
    return search === undefined ? text : atOnce(masking(text, search, minSecretChars));
  }

  /** Undefined where there is no secret. Made when it is needed first. */
  private search(): Search | undefined {
    this.present ??= searchOf([...this.lasting, ...this.patterns], this.marks);
    return this.present;
  }
}

function searchOf(all: readonly [string, SecretPatterns][], marks: readonly MarkedSecret[]): Search | undefined {
  if (all.length === 0) return undefined;
  return {
    index: new WindowIndex(all.flatMap(([, { windows }]) => windows)),
    wholes: all.flatMap(([, { wholes }]) => wholes),
    marks,
    spellings: all.flatMap(([secret, { spellings }]) => spellings.map((spelling) => ({ spelling, secretChars: secret.length }))),
  };
}

function* masking(text: string, search: Search, minSecretChars: number): Generator<void, string> {
  let cleaned = text;
  for (const { mark, whole } of search.marks) if (cleaned.includes(mark)) cleaned = cleaned.replace(whole, () => MASK);
  for (const { spelling, secretChars } of search.spellings) {
    if (secretChars < minSecretChars) continue;
    if (cleaned.length > SLICE_CHARS) yield;
    if (cleaned.includes(spelling)) cleaned = cleaned.replaceAll(spelling, () => MASK);
  }
  if (cleaned.length < MIN_SECRET_CHARS) return cleaned;
  const marks = new Marks(cleaned);
  // An escape may end within a secret, and takes its first characters with it; as it is written they still stand there.
  yield* marking(cleaned, new Folder(cleaned.length), search, marks);
  if (hasEscapes(cleaned)) yield* marking(cleaned, new Decoder(cleaned.length), search, marks);
  return yield* marks.masked();
}

/** Marks where in `text` pieces of secrets stand. */
function* marking(text: string, normalizer: Normalizer, { index, wholes }: Search, marks: Marks): Generator<void> {
  for (let from = 0; from < text.length; from += SLICE_CHARS) {
    if (from > 0) yield;
    normalizer.read(text, from, Math.min(from + SLICE_CHARS, text.length));
  }
  const normal = normalizer.end();
  const { chars } = normal;
  let piece = { start: 0, end: 0 };
  const mark = (): void => {
    if (piece.end > piece.start) marks.add(startOf(normal, text, piece.start), endOf(normal, piece.end - 1));
  };
  // Most overlap the one before.
  const found = (start: number, end: number): void => {
    if (start >= piece.start && start <= piece.end) return void (piece.end = end > piece.end ? end : piece.end);
    mark();
    piece = { start, end };
  };
  for (let from = 0; from + WINDOW_CHARS <= chars.length; from += SLICE_CHARS) {
    if (from > 0) yield;
    index.find(chars, from, Math.min(from + SLICE_CHARS, chars.length), found);
  }
  for (const whole of wholes) {
    for (let from = 0; from !== -1; from = findWhole(chars, whole, from, found)) if (from > 0) yield;
  }
  mark();
}
