/**
 * The project's cache of downloaded programs: `LRO_CACHE_DIR`, by default `.cache` in the package's own folder.
 *
 * Keeps true: a program in the cache is complete. It is written to another folder and renamed into the cache, so readers see all of it or
 * nothing, and two processes can fetch the same program at once.
 */
import { access, chmod, constants, existsSync, mkdirSync, promises as fs } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const checkAccess = promisify(access);
const changeMode = promisify(chmod);

/** The folder of the nearest package.json above this file: the same from the sources and from `dist`. */
function packageRoot(): string {
  let folder = __dirname;
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

/** The folder of the programs. */
export function programCacheFolder(env: NodeJS.ProcessEnv): string {
  return join(env.LRO_CACHE_DIR ?? join(packageRoot(), '.cache'), 'temporal');
}

/** Whether `path` is a program that this user may run. */
export async function isExecutable(path: string): Promise<boolean> {
  try {
    await checkAccess(path, constants.X_OK);
    return (await fs.stat(path)).isFile();
  } catch {
    return false;
  }
}

/**
 * Lets `bring` put a program into a fresh folder of the cache's own file system, then moves it to `target`.
 * `bring` returns the program's path; whatever it throws is thrown on, with nothing left behind.
 */
export async function installIntoCache(target: string, bring: (workFolder: string) => Promise<string>): Promise<void> {
  mkdirSync(dirname(target), { recursive: true });
  const workFolder = await fs.mkdtemp(join(dirname(target), '.incoming-'));
  try {
    const program = await bring(workFolder);
    await changeMode(program, 0o755);
    await fs.rename(program, target);
  } finally {
    await fs.rm(workFolder, { recursive: true, force: true });
  }
}
