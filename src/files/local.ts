/**
 * Files on the worker's own machine.
 *
 * Keeps true:
 * 1. What is opened is what was found allowed, though a folder on the way becomes a link in between.
 * 2. A file is written whole or not at all, and is on the disk when the write is over.
 * 3. No link at the place of a written file is followed.
 * 4. A file that is written again takes the place of what a killed process has left of it: there is one temporary file for each.
 */
import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, mkdir, open, realpath, rename, stat, unlink, writeFile, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { FileRefusedError, FileUnreadableError, isFileError } from './errors';
import { codeOf, existingPath, localProblem, pathLabel, refuseUnwritablePath, writablePath, type AllowedFolders } from './local-paths';
import { bytesWithin, exactly, NO_BYTES, translated, type ByteRange, type OpenedFile } from './opened-file';
import { sourceBytes, SourceError } from './source';

const CHUNK_BYTES = 262_144;

/** What may be read and what may be written. */
export interface LocalSettings {
  readable: AllowedFolders;
  writable: AllowedFolders;
}

export class LocalFiles {
  private readonly either: AllowedFolders;

  constructor(private readonly settings: LocalSettings) {
    const { readable, writable } = settings;
    this.either = { folders: [...readable.folders, ...writable.folders], setting: `${readable.setting}, ${writable.setting}` };
  }

  /** @throws FileRefusedError | FileUnreadableError */
  async open(path: string, range?: ByteRange): Promise<OpenedFile> {
    const real = await existingPath(path, this.settings.readable);
    const label = pathLabel(path);
    const handle = await openRegular(real, label);
    try {
      const { size, ino, dev, mtimeMs } = await handle.stat();
      // Between the check of the path and its opening a folder on the way could have become a link.
      const [again, now] = await Promise.all([realpath(real), stat(real)]);
      if (again !== real || now.ino !== ino || now.dev !== dev) throw new FileRefusedError(`${label} was exchanged while it was opened`);
      const sizeBytes = range === undefined ? size : bytesWithin(range, size);
      const version = `${size}-${Math.floor(mtimeMs / 1000)}`;
      return { sizeBytes, version, bytes: bytesOf(handle, sizeBytes, label, range), close: () => handle.close() };
    } catch (error) {
      await handle.close();
      throw isFileError(error) ? error : localProblem(label, 'cannot be read', error);
    }
  }

  /** Makes the missing folders, and leaves them. @throws FileRefusedError | FileUnreadableError */
  async checkWritable(path: string): Promise<void> {
    const target = await writablePath(path, this.settings.writable);
    const label = pathLabel(path);
    await refuseExisting(target, label);
    await withTemporary(target, label, async () => Promise.resolve());
  }

  /** @throws FileRefusedError */
  refuseUnwritable(path: string): void {
    refuseUnwritablePath(path, this.settings.writable);
  }

  /** @throws FileRefusedError | FileUnreadableError */
  async checkFree(path: string): Promise<void> {
    await refuseExisting(await writablePath(path, this.settings.writable), pathLabel(path));
  }

  /**
   * @param mode `again`: a process that was killed may have left a half of it
   * @throws FileRefusedError | FileUnreadableError, or whatever reading `bytes` throws
   */
  async write(path: string, bytes: Buffer | AsyncIterable<Buffer>, signal?: AbortSignal, mode?: 'again'): Promise<void> {
    const target = await writablePath(path, this.settings.writable);
    const label = pathLabel(path);
    await refuseOther(target, label);
    const write = async (handle: FileHandle, temporary: string): Promise<void> => {
      await writeFile(handle, sourceBytes(bytes), { signal });
      await handle.sync();
      await refuseOther(target, label);
      if (!(await isStillAt(handle, temporary)))
        throw new FileUnreadableError(`${label} was not written: another writer has begun it anew`);
      await rename(temporary, target);
      await syncFolder(dirname(target));
    };
    await withTemporary(
      target,
      label,
      write,
      mode === 'again' ? createHash('sha256').update(basename(target)).digest('hex').slice(0, 32) : undefined,
    );
  }

  /** @throws FileRefusedError when nobody may know */
  async exists(path: string): Promise<boolean> {
    try {
      await existingPath(path, this.either);
      return true;
    } catch (error) {
      if (error instanceof FileRefusedError && error.notThere) return false;
      throw error;
    }
  }

  /** A link is removed itself, not what it leads to. @throws FileRefusedError | FileUnreadableError */
  async remove(path: string): Promise<void> {
    const target = await writablePath(path, this.settings.writable);
    const label = pathLabel(path);
    try {
      await unlink(target);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTDIR') throw localProblem(label, 'cannot be removed', error);
    }
  }
}

async function openRegular(real: string, label: string): Promise<FileHandle> {
  try {
    // A pipe would block until somebody writes.
    if (!(await stat(real)).isFile()) throw new FileRefusedError(`${label} is not a file`);
    return await open(real, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    throw isFileError(error) ? error : localProblem(label, 'cannot be read', error);
  }
}

function bytesOf(handle: FileHandle, sizeBytes: number, label: string, range: ByteRange | undefined): AsyncIterable<Buffer> {
  // A stream cannot read an empty range.
  if (range !== undefined && sizeBytes === 0) return NO_BYTES;
  const part = range === undefined ? {} : { start: range.offset, end: range.offset + sizeBytes - 1 };
  const stream = handle.createReadStream({ ...part, highWaterMark: CHUNK_BYTES, autoClose: false }) as AsyncIterable<Buffer>;
  const source = translated(stream, (error) => new FileUnreadableError(`${label} could not be read to its end (${codeOf(error)})`));
  return exactly(sizeBytes, source, label);
}

async function refuseExisting(target: string, label: string): Promise<void> {
  const there = await statusOf(target, label);
  if (there !== undefined) throw new FileRefusedError(`${label} exists already`);
}

/** Only a file is replaced: not a folder, and not a link, which somebody has put there on purpose. */
async function refuseOther(target: string, label: string): Promise<void> {
  const there = await statusOf(target, label);
  if (there === undefined || there.isFile()) return;
  throw new FileRefusedError(`${label} ${there.isSymbolicLink() ? 'is a link, which is not written through' : 'is not a file'}`);
}

async function statusOf(target: string, label: string) {
  try {
    return await lstat(target);
  } catch (error) {
    // A problem with its folders shows when they are made.
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
    throw localProblem(label, 'cannot be written', error);
  }
}

/**
 * Gives `use` an empty file of its own in the folder of `target`, made when it is missing. What is left of that file afterwards is removed.
 * @param name of its own, which a killed process may have used, too; absent: any
 */
async function withTemporary(
  target: string,
  label: string,
  use: (handle: FileHandle, path: string) => Promise<void>,
  name?: string,
): Promise<void> {
  const folder = dirname(target);
  const temporary = join(folder, `.durable-lro-${name ?? randomUUID()}.tmp`);
  let handle: FileHandle | undefined;
  try {
    await mkdir(folder, { recursive: true });
    if (name !== undefined) await unlink(temporary).catch(ignoreMissing);
    handle = await open(temporary, 'wx');
    // Between the check of the path and now a folder on the way could have become a link.
    if ((await realpath(temporary)) !== temporary) throw new FileRefusedError(`${label}: its folder was exchanged while it was opened`);
    await use(handle, temporary);
  } catch (error) {
    if (isFileError(error)) throw error;
    if (error instanceof SourceError) throw error.cause;
    if ((error as Error).name === 'AbortError') throw new FileUnreadableError(`${label} was not written: there was no time left`);
    throw localProblem(label, 'cannot be written', error);
  } finally {
    // After a rename nothing is left of it, and what is there now may be another's.
    if (handle !== undefined && (await isStillAt(handle, temporary))) await unlink(temporary).catch(() => undefined);
    await handle?.close();
  }
}

function ignoreMissing(error: unknown): void {
  if (codeOf(error) !== 'ENOENT') throw error as Error;
}

/** Whether the name still means the file that is open. */
async function isStillAt(handle: FileHandle, path: string): Promise<boolean> {
  const [own, there] = await Promise.all([handle.stat(), lstat(path).catch(() => undefined)]);
  return there !== undefined && there.ino === own.ino && there.dev === own.dev;
}

/** Writes the new name to the disk. Not every file system can do that; the file is complete without it. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder).catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}
