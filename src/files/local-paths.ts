/**
 * Where local paths may lie.
 *
 * Keeps true: what a path leads to, after all links are followed, lies below a folder that the worker's file allows; whether something
 * outside exists is nobody's business and not said.
 */
import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { FileRefusedError, FileUnreadableError } from './errors';

/** Folders (absolute), and the key of the worker's file that names them. */
export interface AllowedFolders {
  folders: readonly string[];
  setting: string;
}

/** A path as messages repeat it. @throws FileRefusedError when it is none that is looked at */
export function pathLabel(path: string): string {
  const label = JSON.stringify(path.slice(0, 300));
  if (path === '' || path.includes('\0') || path.split(/[/\\]/).includes('..'))
    throw new FileRefusedError(`file ${label}: a path without ".." is needed`);
  return `file ${label}`;
}

/** The real path of the file at `path`. A relative one is looked for below each allowed folder, then from the working directory. @throws FileRefusedError */
export async function existingPath(path: string, allowed: AllowedFolders): Promise<string> {
  const label = pathLabel(path);
  const outside = outsideOf(label, allowed);
  if (allowed.folders.length === 0) throw outside;
  const candidates = candidatesOf(path, allowed);
  const realFolders = await Promise.all(allowed.folders.map((folder) => realpath(folder).catch(() => undefined)));
  for (const candidate of candidates) {
    const real = await realpath(candidate).catch(() => undefined);
    if (real !== undefined && realFolders.some((folder) => folder !== undefined && isBelow(real, folder))) return real;
  }
  const wouldBeInside = candidates.some((candidate) =>
    [...allowed.folders, ...realFolders].some((folder) => folder !== undefined && isBelow(candidate, folder)),
  );
  const exists = await Promise.any(candidates.map((candidate) => realpath(candidate))).catch(() => undefined);
  throw wouldBeInside && exists === undefined
    ? new FileRefusedError(`${label} does not exist`, { notThere: true, dependsOnFile: true })
    : outside;
}

/**
 * Where `path` is written: the real path of its folder (of which the last parts may still be missing) and its name. A relative one
 * means what is there already, else a new file from the working directory where that is allowed, else below the first folder.
 * @throws FileRefusedError
 */
export async function writablePath(path: string, allowed: AllowedFolders): Promise<string> {
  refuseUnwritablePath(path, allowed);
  const label = pathLabel(path);
  const realFolders = await Promise.all(allowed.folders.map((folder) => realPathOfMissing(folder).catch(() => undefined)));
  const inside: string[] = [];
  let problem: FileRefusedError | undefined;
  const candidates = candidatesOf(path, allowed);
  for (const candidate of [...candidates.slice(-1), ...candidates.slice(0, -1)]) {
    const real = await realPathOfMissing(dirname(candidate)).catch((error: unknown) => {
      if (allowed.folders.some((folder) => isBelow(candidate, folder)))
        problem ??= new FileRefusedError(`${label} cannot be written (${codeOf(error)})`);
      return undefined;
    });
    if (real === undefined) continue;
    const target = join(real, basename(candidate));
    if (!realFolders.some((folder) => folder !== undefined && isBelow(target, folder))) continue;
    if (await isThere(target)) return target;
    inside.push(target);
  }
  const [first] = inside;
  if (first === undefined) throw problem ?? outsideOf(label, allowed);
  return first;
}

/** As much as can be said of where `path` is written without looking: links are followed later. @throws FileRefusedError */
export function refuseUnwritablePath(path: string, allowed: AllowedFolders): void {
  const label = pathLabel(path);
  if (/[/\\]$/.test(path)) throw new FileRefusedError(`${label} names a folder, not a file`);
  if (allowed.folders.length === 0) throw outsideOf(label, allowed);
}

/** Whether there is something of this name, a link that leads nowhere included. */
async function isThere(target: string): Promise<boolean> {
  return lstat(target).then(
    () => true,
    () => false,
  );
}

function candidatesOf(path: string, { folders }: AllowedFolders): string[] {
  return isAbsolute(path) ? [resolve(path)] : [...folders.map((folder) => resolve(folder, path)), resolve(path)];
}

function outsideOf(label: string, { setting }: AllowedFolders): FileRefusedError {
  return new FileRefusedError(`${label} is not below a folder that the worker's file allows (${setting})`, { dependsOnFile: true });
}

/** The real path of the nearest folder that exists, and the rest as it is written: nothing that is missing can be a link. */
async function realPathOfMissing(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const code = codeOf(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
    const now = await lstat(path).catch(() => undefined);
    // A link to what is not there yet would be followed once it is.
    if (now?.isSymbolicLink() === true) throw error;
    // Somebody else has made it in between.
    if (now !== undefined) return realPathOfMissing(path);
    return join(await realPathOfMissing(dirname(path)), basename(path));
  }
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** The system's word for what went wrong. */
export function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown error';
}

/** Full disks and too many open files pass; the rest stays as it is. */
const PASSING = new Set(['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'EIO', 'EAGAIN', 'EBUSY', 'ESTALE', 'ETIMEDOUT']);

/** A failure of the file system as an error that says what happened to the file. `what`: "cannot be read". */
export function localProblem(label: string, what: string, error: unknown): FileRefusedError | FileUnreadableError {
  const message = `${label} ${what} (${codeOf(error)})`;
  return PASSING.has(codeOf(error)) ? new FileUnreadableError(message) : new FileRefusedError(message);
}
