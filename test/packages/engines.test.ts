/** Which versions of Node.js the lock allows: `engines` of what is installed, so that no installation warns. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { satisfies } from 'semver';

interface Locked {
  engines?: { node?: string };
  dev?: boolean;
}

const ROOT = join(__dirname, '..', '..');
const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as { packages: Record<string, Locked> };

/** Packages of the lock that do not want the version. */
function unwilling(version: string, isWanted: (locked: Locked) => boolean): string[] {
  return Object.entries(packages)
    .filter(([, locked]) => isWanted(locked) && locked.engines?.node !== undefined && !satisfies(version, locked.engines.node))
    .map(([path, { engines }]) => `${path}: ${String(engines?.node)}`);
}

// The first of each line; of Node 20 the first that Temporal's SDK takes.
test.each(['20.3.0', '22.0.0', '24.0.0'])('all that the packages need runs on Node.js %s', (version) => {
  expect(unwilling(version, ({ dev }) => dev !== true)).toEqual([]);
});

// The linter and others want later ones of each line.
test.each(['20.20.2', '22.22.0', '24.21.0'])('all that a checkout needs runs on Node.js %s', (version) => {
  expect(unwilling(version, () => true)).toEqual([]);
});

test('a package that wants another version is named', () => {
  expect(unwilling('18.0.0', ({ dev }) => dev !== true)).toContain('node_modules/@temporalio/client: >= 20.3.0');
});

test('the image runs a version of the line that is supported longest', () => {
  const images = [...readFileSync(join(ROOT, 'Dockerfile'), 'utf8').matchAll(/^FROM node:(\S+?)-/gm)].map(([, version]) => version);
  expect(images).toEqual(['24.21.0', '24.21.0']);
  expect(packages['']?.engines?.node).toBe('>=20.3.0');
});
