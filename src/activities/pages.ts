/**
 * Pages of items: parts of a batch's manifest, read again whenever they are needed, so that items never enter a history.
 *
 * Keeps true: what is read is what was checked at the start: a page whose bytes have changed is refused.
 */
import { createHash } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import type { FileRef, Json } from '../contract';
import type { Files } from '../files';
import { FileRefusedError, wholeOf } from '../files';
import { reasonOf } from '../text/reason';
import { fileFailure, typedFailure } from './failures';
import type { BrokenItem, ReadItem } from './item';
import { readItem } from './item';
import type { InlinePage, ManifestPage, Page, Source } from './messages';

export type PageItem = ReadItem | BrokenItem;

/** A page is read for each chunk of its items: the latest pages are cached, if they are small. */
const KEPT_PAGES = 200;
const MAX_KEPT_BYTES = 262_144;

/** Timeout of reading one page. */
const READ_SECONDS = 60;

/** Hash of a page's bytes. */
function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}

/** A file's name in messages: without the query, which is often a signature. */
export function nameOf({ path, url }: FileRef): string {
  return path ?? (url === undefined ? 'none' : (url.split('?')[0] ?? url));
}

export class Pages {
  private readonly kept = new Map<string, Promise<PageItem[]>>();

  constructor(private readonly files: Files) {}

  /**
   * The items of a page, in order.
   * @throws ApplicationFailure `ManifestInvalid` when it may not be read, or its bytes have changed; retryable when it cannot be read now
   */
  async load(source: Source, page: Page): Promise<PageItem[]> {
    if ('single' in page)
      return [{ ok: true, id: '', kind: page.kind, input: page.single, generation: 0, fileVersions: page.fileVersions }];
    if ('items' in page) return inlineItems(source, page);
    const key = JSON.stringify([source.workflowId, source.firstRunId, page.offset, page.hash]);
    const kept = this.kept.get(key);
    if (kept !== undefined) return kept;
    const loading = this.read(source, page);
    if (page.bytes <= MAX_KEPT_BYTES) {
      this.kept.set(key, loading);
      const oldest = this.kept.size > KEPT_PAGES ? this.kept.keys().next().value : undefined;
      if (oldest !== undefined) this.kept.delete(oldest);
      loading.catch(() => this.kept.delete(key));
    }
    return loading;
  }

  private async read(source: Source, page: ManifestPage): Promise<PageItem[]> {
    if (source.file === undefined) throw typedFailure({ type: 'ManifestInvalid', message: 'a page of no manifest' });
    const name = nameOf(source.file);
    let bytes: Buffer;
    try {
      bytes = await this.bytesOf(source.file, page);
    } catch (error) {
      const reason = reasonOf(error);
      if (error instanceof FileRefusedError) throw fileFailure({ type: 'ManifestInvalid', message: `manifest ${name}: ${reason}` }, error);
      throw ApplicationFailure.create({ type: 'ManifestUnreadable', message: `manifest ${name}: ${reason}` });
    }
    if (hashOf(bytes) !== page.hash) {
      const message = `manifest ${name} has changed since the batch was started (from line ${page.line}); what was not submitted by then is not started`;
      throw typedFailure({ type: 'ManifestInvalid', message });
    }
    const lines = bytes.toString('utf8').split('\n');
    const items = lines.flatMap((text, index) => lineItem(text, page.line + index, source) ?? []);
    return withoutDuplicates(items, page.duplicates);
  }

  private async bytesOf(file: FileRef, { offset, bytes }: ManifestPage): Promise<Buffer> {
    return wholeOf(await this.files.open(file, { range: { offset, bytes }, signal: AbortSignal.timeout(READ_SECONDS * 1000) }));
  }
}

/** The item in a line of a manifest; undefined for a blank line, and for a report's line that is not to be run again. */
export function lineItem(text: string, line: number, source: Source): PageItem | undefined {
  const trimmed = (line === 1 ? text.replace(/^\uFEFF/, '') : text).trim();
  if (trimmed === '') return undefined;
  let written: Json;
  try {
    written = JSON.parse(trimmed) as Json;
  } catch {
    return { ok: false, id: `line ${line}`, mistakes: ['is not JSON'] };
  }
  return readItem(written, `line ${line}`, source);
}

/** Items of the batch's own input. */
export function inlineItems(source: Source, page: InlinePage): PageItem[] {
  return withoutDuplicates(
    page.items.flatMap((written, index) => readItem(written, `items[${page.numbers?.[index] ?? (page.first ?? 0) + index}]`, source) ?? []),
    page.duplicates,
  );
}

function withoutDuplicates(items: PageItem[], duplicates: number[] | undefined): PageItem[] {
  if (duplicates === undefined) return items;
  const repeated = new Set(duplicates);
  return items.map((item, index) => (repeated.has(index) ? { ok: false, id: item.id, mistakes: [REPEATED_ID] } : item));
}

/** The mistake of an item whose id an earlier item has. */
export const REPEATED_ID = 'id: stands in an earlier item, too';
