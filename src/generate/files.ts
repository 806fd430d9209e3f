/** Writes what was generated. Keeps true: nothing is written where a file that differs would be lost, unless that is wanted. */
import { lstat, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { reasonOf } from '../text/reason';
import { SpecificationError } from './problem';

export interface WrittenFile {
  path: string;
  /** `unchanged`: it was there with the same bytes. */
  outcome: 'written' | 'unchanged';
}

/** @throws SpecificationError that names the files in the way */
export async function writeFiles(folder: string, contents: Readonly<Record<string, string>>, force: boolean): Promise<WrittenFile[]> {
  try {
    const files: { path: string; content: string; before: string | undefined }[] = [];
    // One after the other: the first that is in the way is the one that is named.
    for (const [name, content] of Object.entries(contents)) {
      const path = join(folder, name);
      files.push({ path, content, before: await contentOf(path) });
    }
    const differing = files.filter(({ content, before }) => before !== undefined && before !== content);
    if (differing.length > 0 && !force) {
      const names = differing.map(({ path }) => path).join(' and ');
      throw new SpecificationError(`${names} would be overwritten with other content: use --force, or another folder with --out`);
    }
    await mkdir(folder, { recursive: true });
    for (const { path, content, before } of files) {
      if (before !== content) await writeFile(path, content);
    }
    return files.map(({ path, content, before }) => ({ path, outcome: before === content ? 'unchanged' : 'written' }));
  } catch (error) {
    if (error instanceof SpecificationError) throw error;
    throw new SpecificationError(`${folder} cannot be written: ${reasonOf(error)}`);
  }
}

/** `undefined` where nothing is. */
async function contentOf(path: string): Promise<string | undefined> {
  const found = await lstat(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined) return undefined;
  if (!found.isFile()) throw new SpecificationError(`${path} is there and is no file: use another folder with --out`);
  return readFile(path, 'utf8');
}
