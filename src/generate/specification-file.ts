/** Files of a specification as text and as values. */
import { readFile, stat } from 'node:fs/promises';
import { parse } from 'yaml';
import { commentOf } from './plain-text';
import { SpecificationError } from './problem';

/** Of all files of a specification together: 20 MiB. */
export const MAX_SPECIFICATION_BYTES = 20 * 1024 * 1024;
const MAX_DEPTH = 200;

/** What may still be read. */
export interface ReadBudget {
  bytesLeft: number;
  filesLeft: number;
}

/**
 * The text of a regular file.
 * @param name as people know it
 */
export async function readText(path: string, budget: ReadBudget, name: string): Promise<string> {
  let bytes: Buffer;
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new SpecificationError(`${name} is no file`);
    budget.bytesLeft -= found.size;
    if (budget.bytesLeft < 0) throw tooLarge(name);
    if (--budget.filesLeft < 0) throw new SpecificationError(`${name}: the specification has more than 200 files`);
    bytes = await readFile(path);
  } catch (error) {
    if (error instanceof SpecificationError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new SpecificationError(`${name} ${code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`}`);
  }
  // It may have grown since.
  if (bytes.length > MAX_SPECIFICATION_BYTES) throw tooLarge(name);
  return bytes.toString('utf8').replace(/^\uFEFF/, '');
}

function tooLarge(name: string): SpecificationError {
  return new SpecificationError(`${name}: the files of a specification may have 20 MiB in all; cut out what is not needed`);
}

/** JSON or YAML. */
export function parseText(text: string, name: string): unknown {
  const value = parseJson(text) ?? parseYaml(text, name);
  if (isDeep(value)) throw new SpecificationError(`${name} nests deeper than ${MAX_DEPTH}`);
  return value;
}

/** `undefined` for what is no JSON. */
function parseJson(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function parseYaml(text: string, name: string): unknown {
  try {
    return parse(text, { prettyErrors: false, logLevel: 'error' }) as unknown;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SpecificationError(`${name} is neither JSON nor YAML: ${commentOf(reason)}`);
  }
}

/** Without recursion, which a deep document would end. What YAML's aliases share is looked at once. */
function isDeep(document: unknown): boolean {
  let level: unknown[] = [document];
  const seen = new Set<unknown>();
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return true;
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value !== 'object' || value === null || seen.has(value)) continue;
      seen.add(value);
      for (const inner of Object.values(value)) next.push(inner);
    }
    level = next;
  }
  return false;
}
