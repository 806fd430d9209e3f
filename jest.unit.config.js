/**
 * `npm run test:unit`: the tests that start no process, without a build before. Which those are is read from what test files import, so
 * that a new one is among them by itself.
 */
const { existsSync, readFileSync, readdirSync } = require('node:fs');
const { dirname, join, resolve } = require('node:path');
const { globalSetup, globalTeardown, ...base } = require('./jest.config.js');

/** Temporal's servers and workers, child processes, compiled programs. */
const STARTS_PROCESSES = /['"](@temporalio\/(testing|worker)|node:child_process)['"]|\/src\/devserver['"]|['"`/]dist\//;

/** Whether the file, or a test file that it imports, starts processes. */
function startsProcesses(file, seen = new Set()) {
  if (seen.has(file)) return false;
  seen.add(file);
  const source = readFileSync(file, 'utf8');
  if (STARTS_PROCESSES.test(source)) return true;
  const imports = [...source.matchAll(/from '(\.[^']+)'/g)].map(([, path]) => resolve(dirname(file), `${path}.ts`));
  return imports.some((path) => path.startsWith(TESTS) && existsSync(path) && startsProcesses(path, seen));
}

const TESTS = join(__dirname, 'test');
const files = readdirSync(TESTS, { recursive: true }).filter((name) => name.endsWith('.test.ts'));

module.exports = {
  ...base,
  testMatch: files.filter((name) => !startsProcesses(join(TESTS, name))).map((name) => `<rootDir>/test/${name.replaceAll('\\', '/')}`),
};
