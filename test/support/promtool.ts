/**
 * Finds Prometheus' own checker of rules. The first that is found is used: the path in `PROMTOOL_PATH`, the program on the PATH, the project's
 * cache, and Debian's package `prometheus`, where apt knows it: unpacked into the cache, nothing is installed.
 */
import { accessSync, constants, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { delimiter, join, resolve } from 'node:path';

const CACHE = join(process.env['LRO_CACHE_DIR'] ?? resolve(__dirname, '../../.cache'), 'prometheus');
const PROGRAM = 'promtool';
/** Longer than this, a download is not worth the wait. */
const DOWNLOAD_TIMEOUT_MS = 60_000;

/** Its path, or why there is none. Synchronous: jest has to know before it runs tests whether they are skipped. */
export function findPromtool(env: NodeJS.ProcessEnv = process.env): { path: string } | { missing: string } {
  const named = env['PROMTOOL_PATH'];
  // Whoever has named one wants no other.
  if (named !== undefined) return isExecutable(named) ? { path: named } : { missing: `PROMTOOL_PATH names ${named}, which is no program` };
  const places = [...(env['PATH'] ?? '').split(delimiter), CACHE].filter((folder) => folder !== '').map((folder) => join(folder, PROGRAM));
  const path = places.find(isExecutable);
  if (path !== undefined) return { path };
  try {
    return { path: fetchFromDebian() };
  } catch (error) {
    const [reason] = String(error).split('\n');
    return { missing: `no promtool by PROMTOOL_PATH, on the PATH or in the cache, and none from Debian (${reason})` };
  }
}

/** apt checks what it downloads against the signed lists of its archive. */
function fetchFromDebian(): string {
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, '.incoming-'));
  try {
    const run = (command: string, ...args: string[]): void => {
      execFileSync(command, args, { cwd: folder, stdio: 'pipe', timeout: DOWNLOAD_TIMEOUT_MS });
    };
    // As root, apt would drop to a user who may not write here.
    run('apt-get', '-o', 'APT::Sandbox::User=root', '-o', 'Acquire::Retries=0', 'download', 'prometheus');
    const archive = readdirSync(folder).find((name) => name.endsWith('.deb')) ?? '';
    run('dpkg-deb', '-x', archive, folder);
    const path = join(CACHE, PROGRAM);
    renameSync(join(folder, 'usr/bin', PROGRAM), path);
    return path;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
