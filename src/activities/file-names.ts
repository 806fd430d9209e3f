/**
 * Names of files that are written for callers, with their placeholders filled in.
 *
 * Keeps true: what is filled in is one segment of a path, and two items of a batch never get one name by it.
 */
import { createHash } from 'node:crypto';
import { normalize } from 'node:path';
import type { FileRef } from '../contract';

/** What may be filled in. */
export interface FileNames {
  workflowId: string;
  runId: string;
  /** Of a batch. */
  id?: string;
  /** Of a chain. */
  step?: string;
}

const MAX_ID_CHARS = 100;

/** A placeholder for which there is nothing stays. */
export function filledIn(file: FileRef, { workflowId, runId, id, step }: FileNames): FileRef {
  const values: Record<string, string | undefined> = {
    workflowId: segment(workflowId),
    runId,
    id: id === undefined ? undefined : uniqueSegment(id),
    step,
  };
  const fill = (text: string): string =>
    text.replace(/\{(workflowId|runId|id|step)\}/g, (placeholder, name: string) => values[name] ?? placeholder);
  return file.path === undefined ? { url: fill(file.url ?? '') } : { path: fill(file.path) };
}

/** Whether two names mean one file, as far as names say. */
export function isSameFile(one: FileRef, other: FileRef): boolean {
  return plainName(one) === plainName(other);
}

/** The name without what does not matter in it. */
export function plainName({ path, url = '' }: FileRef): string {
  if (path !== undefined) return normalize(path);
  return URL.canParse(url) ? new URL(url).href : url;
}

/** A file beside another. @param ending of its name */
export function beside({ path, url }: FileRef, ending: string): FileRef {
  return path === undefined ? { url: `${url ?? ''}${ending}` } : { path: `${path}${ending}` };
}

function segment(text: string): string {
  return text.replace(/[^A-Za-z0-9._-]/g, '_');
}

/** An id as it is where it is a plain name, else as near as can be with a hash behind it: `a/b` and `a_b` are two. */
function uniqueSegment(id: string): string {
  if (/^(?!\.+$)[A-Za-z0-9._-]+$/.test(id) && id.length <= MAX_ID_CHARS) return id;
  const hash = createHash('sha256').update(id).digest('hex').slice(0, 16);
  return `${segment(id)
    .replace(/^\.+$/, '_')
    .slice(0, MAX_ID_CHARS - 20)}-${hash}`;
}
