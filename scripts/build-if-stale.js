/**
 * Builds when `dist` is not what the sources say: `npm run demo` starts at once when nothing has changed.
 *
 * Keeps true: a build counts as fresh only when every source is older than every compiled file. The compiler reads all sources before it
 * writes the first file, so a source that changed in the middle of a build makes it stale.
 */
const { existsSync, readdirSync, statSync } = require('node:fs');
const { join, resolve } = require('node:path');
const { spawnSync } = require('node:child_process');

const ROOT = resolve(__dirname, '..');
const SOURCES = ['src', 'tsconfig.json', 'tsconfig.build.json', 'package.json', 'package-lock.json'];
/** Written last: without it the build did not come to its end. */
const LAST_FILE = 'dist/workflow-bundle.json';

/** Times of change of `path` and, for a folder, of all below it. A folder changes when a file of it is removed. */
function changeTimes(path, take = () => true) {
  const state = statSync(path);
  const below = state.isDirectory() ? readdirSync(path).flatMap((name) => changeTimes(join(path, name), take)) : [];
  return take(state) ? [state.mtimeMs, ...below] : below;
}

function isFresh() {
  try {
    // While the root is packed, dist is only a part of the build.
    if (existsSync(join(ROOT, '.packing'))) return false;
    statSync(join(ROOT, LAST_FILE));
    const newestSource = Math.max(...SOURCES.flatMap((name) => changeTimes(join(ROOT, name))));
    const oldestCompiled = Math.min(...changeTimes(join(ROOT, 'dist'), (state) => state.isFile()));
    return newestSource < oldestCompiled;
  } catch {
    return false;
  }
}

if (!existsSync(join(ROOT, 'node_modules'))) {
  process.stderr.write('The dependencies are not installed yet: run "npm ci" first.\n');
  process.exitCode = 1;
} else if (!isFresh()) {
  process.stderr.write('building (only after a change) …\n');
  // npm says where it is itself; on Windows it is a script that only a shell runs.
  const npm = process.env.npm_execpath;
  const args = ['run', '--silent', 'build'];
  const build =
    npm === undefined
      ? spawnSync('npm', args, { cwd: ROOT, stdio: 'inherit', shell: process.platform === 'win32' })
      : spawnSync(process.execPath, [npm, ...args], { cwd: ROOT, stdio: 'inherit' });
  if (build.error !== undefined) throw build.error;
  process.exitCode = build.signal === null ? build.status : 1;
}
