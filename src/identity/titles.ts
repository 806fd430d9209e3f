/**
 * What runs are called, in lists of the UI and in their details: of inputs that nobody has checked yet.
 *
 * Keeps true: nothing that may be secret stands in a title, no query string and no body; and none is longer than a row.
 */
import { DEFAULT_CONNECTION, type BatchInput, type BatchItem, type BuildTilesetInput, type ChainInput, type FileRef } from '../contract';

const MAX_CHARS = 200;
const MAX_STEPS_CHARS = 150;

/** `upload → conversion → dataset · maps`, `tileset · maps`. */
export function chainTitle(kind: 'chain' | 'tileset', input: unknown): string {
  if (typeof input !== 'object' || input === null) return kind;
  const { steps, connection = DEFAULT_CONNECTION } = input as Partial<ChainInput & BuildTilesetInput>;
  if (kind === 'tileset') return `tileset · ${connection}`.slice(0, MAX_CHARS);
  const ids = Array.isArray(steps) ? steps.map((step: { id?: unknown } | null) => String(step?.id)).join(' → ') : 'chain';
  return `${ids.slice(0, MAX_STEPS_CHARS)} · ${connection}`.slice(0, MAX_CHARS);
}

/** `batch of 200 · maps`, `batch of manifest ./nightly.jsonl`. */
export function batchTitle(input: BatchInput): string {
  return wordsOf(input).slice(0, MAX_CHARS);
}

function wordsOf({ items, manifest, retryOf, defaults }: BatchInput): string {
  if (Array.isArray(items)) {
    // Items are not checked yet: the workflow refuses bad ones.
    const ofItem = (item: BatchItem | null | undefined) => item?.connection ?? defaults?.connection ?? DEFAULT_CONNECTION;
    return `batch of ${items.length} · ${[...new Set(items.map(ofItem))].join(', ')}`;
  }
  const suffix = defaults?.connection === undefined ? '' : ` · ${defaults.connection}`;
  if (manifest !== undefined) return `batch of manifest ${placeOf(manifest)}${suffix}`;
  if (retryOf?.workflowId !== undefined) return `retry of batch ${retryOf.workflowId}${suffix}`;
  if (retryOf?.report !== undefined) return `retry of report ${placeOf(retryOf.report)}${suffix}`;
  return `batch${suffix}`;
}

/** A path, or a URL without what may be secret in it: its query, and credentials before its host. */
export function placeOf({ path, url }: FileRef): string {
  if (url === undefined) return path ?? '';
  const [, origin = '', pathname = ''] = /^([a-z]+:\/\/)(?:[^/?#@]*@)?([^?#]*)/i.exec(url) ?? [];
  return `${origin}${pathname}`;
}
