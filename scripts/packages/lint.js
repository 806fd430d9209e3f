/**
 * `npm run packages`: packs the three packages as they are published, and says what publint and attw (@arethetypeswrong/cli) find in the
 * tarballs. Exit code 1 when either finds anything. A folder may be named that the tarballs are left in.
 */
const { spawnSync } = require('node:child_process');
const { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join, resolve } = require('node:path');
const { ROOT } = require('./modules');

const NPM = process.platform === 'win32' ? 'npm.cmd' : 'npm';
const BIN = join(ROOT, 'node_modules');

function run(command, args) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: ROOT, encoding: 'utf8', shell: command === 'npm.cmd' });
  if (status === 0) return true;
  console.error(`${command} ${args.join(' ')}\n${stdout}\n${stderr}`);
  process.exitCode = 1;
  return false;
}

function main([named]) {
  const folder = named === undefined ? mkdtempSync(join(tmpdir(), 'packages-')) : resolve(named);
  mkdirSync(folder, { recursive: true });
  try {
    if (!run(NPM, ['pack', '--workspaces', '--include-workspace-root', '--pack-destination', folder])) return;
    for (const name of readdirSync(folder).filter((file) => /^durable-lro.*\.tgz$/.test(file))) {
      const tarball = join(folder, name);
      console.log(`${name}: ${(statSync(tarball).size / 1000).toFixed(0)} kB`);
      run(process.execPath, [join(BIN, 'publint', 'src', 'cli.js'), tarball, '--strict']);
      // node10 knows no "exports", and TypeScript 7 does not know node10.
      run(process.execPath, [join(BIN, '@arethetypeswrong', 'cli', 'dist', 'index.js'), tarball, '--profile', 'node16']);
    }
  } finally {
    if (named === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

main(process.argv.slice(2));
