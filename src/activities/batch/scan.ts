/**
 * Reads a batch's items once from the first to the last, before anything is submitted: finds their mistakes and their places.
 *
 * Keeps true: memory grows with the number of items (their ids and pages), not with their content.
 */
import { createHash, type Hash } from 'node:crypto';
import { linesOf, NoManifestError } from '../lines';
import type { ManifestPage, Source } from '../messages';
import { lineItem, REPEATED_ID, type PageItem } from '../pages';

/** Small pages spread a batch over its shards; large pages keep the page list of a million items short. */
const PAGE_ITEMS = 100;
const LARGE_PAGE_ITEMS = 500;
const SMALL_PAGES = 1000;
const MAX_PAGE_BYTES = 262_144;

/** Ids are kept in memory while a manifest is read, and the list of its pages in history. */
const MAX_ITEMS = 2_000_000;

/** More mistakes than this are only counted. */
const MAX_LISTED = 20;

/** The mistakes in a batch's items. */
export class Mistakes {
  /** The first of them, each with the place of its item. */
  readonly first: string[] = [];
  /** Items with mistakes. */
  count = 0;

  add(place: string, mistakes: readonly string[]): void {
    this.count++;
    if (this.first.length < MAX_LISTED) this.first.push(`${place}: ${mistakes.join(', ')}`);
  }
}

/** The ids of the items so far; checks each item that is added. */
export class Seen {
  private readonly ids = new Set<string>();

  constructor(
    private readonly mistakesOf: (item: PageItem) => string[],
    private readonly mistakes: Mistakes,
  ) {}

  /** Whether the item's id was seen before. */
  add(item: PageItem, place: string): boolean {
    const repeated = item.ok && this.ids.has(item.id);
    const mistakes = repeated ? [`${REPEATED_ID} ("${item.id}")`] : this.mistakesOf(item);
    if (item.ok) this.ids.add(item.id);
    if (mistakes.length > 0) this.mistakes.add(place, mistakes);
    return repeated;
  }
}

/** The pages of a manifest. @throws NoManifestError when there is too much of it, and what reading throws */
export async function scanManifest(
  bytes: AsyncIterable<Buffer>,
  source: Source,
  seen: Seen,
): Promise<{ pages: ManifestPage[]; total: number }> {
  const pages: ManifestPage[] = [];
  let page = new OpenPage(0, 1);
  let line = 0;
  let total = 0;
  for await (const raw of linesOf(bytes)) {
    line++;
    const item = lineItem(raw.toString('utf8'), line, source);
    if (item !== undefined) total++;
    if (total > MAX_ITEMS) throw new NoManifestError(`has more than ${MAX_ITEMS} items`);
    page.add(raw, item !== undefined, item !== undefined && seen.add(item, `line ${line}`));
    if (page.isFull(pages.length)) {
      pages.push(...page.closed());
      page = new OpenPage(page.end, line + 1);
    }
  }
  pages.push(...page.closed());
  return { pages, total };
}

/** A page that lines are still added to. */
class OpenPage {
  private readonly hash: Hash = createHash('sha256');
  private bytes = 0;
  private count = 0;
  private readonly duplicates: number[] = [];

  constructor(
    private readonly offset: number,
    private readonly line: number,
  ) {}

  get end(): number {
    return this.offset + this.bytes;
  }

  add(raw: Buffer, isItem: boolean, isDuplicate: boolean): void {
    this.hash.update(raw);
    this.bytes += raw.length;
    if (isDuplicate) this.duplicates.push(this.count);
    if (isItem) this.count++;
  }

  isFull(pagesBefore: number): boolean {
    return this.count >= (pagesBefore < SMALL_PAGES ? PAGE_ITEMS : LARGE_PAGE_ITEMS) || this.bytes >= MAX_PAGE_BYTES;
  }

  /** The page; none if it has no items. */
  closed(): ManifestPage[] {
    if (this.count === 0) return [];
    const { offset, bytes, count, line, duplicates } = this;
    const hash = this.hash.digest('hex').slice(0, 16);
    return [{ offset, bytes, count, line, hash, duplicates: duplicates.length > 0 ? duplicates : undefined }];
  }
}
