/** Rooms of `src` import each other in one direction, as `scripts/rooms.js` says, and docs/architecture.md shows what they import. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { temporaryFolder } from '../support/config';

const ROOT = join(__dirname, '..', '..');
const CRUISER = join(ROOT, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruise.mjs');
const DRAW = join(ROOT, 'scripts', 'architecture.js');
const DOCUMENT = join(ROOT, 'docs', 'architecture.md');

interface Cruise {
  modules: { source: string; dependencies: { circular: boolean }[] }[];
  summary: { violations: { rule: { name: string }; from: string; to: string }[] };
}

/** What the rules say of `src` below a folder. */
function cruise(folder: string): Cruise {
  const args = [CRUISER, 'src', '--config', join(ROOT, '.dependency-cruiser.js'), '--output-type', 'json'];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 26 })) as Cruise;
}

/** What the rules say of files that stand nowhere else, each with its only import: violations by the importing file. */
function violationsOf(imports: Record<string, string>): Record<string, string[]> {
  const folder = temporaryFolder();
  const write = (path: string, content: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  };
  write('tsconfig.json', '{}');
  write('node_modules/axios/package.json', '{ "name": "axios", "version": "1.0.0", "main": "index.js" }');
  write('node_modules/axios/index.js', '');
  for (const path of ['contract', 'lro/status', 'jobs/job', 'activities/messages', 'activities/ask', 'client/index'])
    write(`src/${path}.ts`, 'export const it = 1;\nexport type It = 1;\n');
  for (const [path, line] of Object.entries(imports)) write(`src/${path}.ts`, `${line}\nexport {};\n`);
  const { violations } = cruise(folder).summary;
  const found = (path: string): string[] => violations.filter(({ from }) => from === `src/${path}.ts`).map(({ rule }) => rule.name);
  return Object.fromEntries(Object.keys(imports).map((path) => [path, found(path).sort()]));
}

const real = cruise(ROOT);

test('rooms import lower rooms only, workflows no code of activities, and what is pure no I/O', () => {
  expect(real.modules.filter(({ source }) => source.startsWith('src/')).length).toBeGreaterThan(200);
  expect(real.summary.violations).toEqual([]);
});

test('no circle is excepted but the one that is left', () => {
  const inCircles = real.modules.filter(({ dependencies }) => dependencies.some(({ circular }) => circular));
  expect(inCircles.map(({ source }) => source).sort()).toEqual(['src/emulator/request-log.ts', 'src/emulator/store.ts']);
});

test('what the rules forbid is found, and what they allow is not', () => {
  const found = violationsOf({
    'lro/upwards': "import type { It } from '../jobs/job';",
    'lro/reading': "import { readFileSync } from 'node:fs';",
    'lro/sending': "import axios from 'axios';",
    'lro/sideways': "import { it } from './status';",
    'jobs/running': "import { it } from '../lro/status';",
    'jobs/typed': "import type { It } from '../lro/status';",
    'activities/upwards': "import { it } from '../client';",
    'http/downwards': "import axios from 'axios';\nimport { it } from '../lro/status';",
    'workflows/running': "import { it } from '../activities/messages';",
    'workflows/typed': "import type { It } from '../activities/messages';",
    'workflows/beside': "import type { It } from '../activities/ask';",
    'workflows/sending': "import axios from 'axios';",
    'client/one': "import './two';",
    'client/two': "import './one';",
    'attic/new': "import type { It } from '../contract';",
  });
  expect(found).toEqual({
    'lro/upwards': ['lro-imports-rooms'],
    'lro/reading': ['lro-imports-packages'],
    'lro/sending': ['lro-imports-packages'],
    'lro/sideways': [],
    'jobs/running': ['jobs-imports-types'],
    'jobs/typed': [],
    'activities/upwards': ['activities-imports-rooms'],
    'http/downwards': [],
    'workflows/running': ['workflows-imports-types'],
    'workflows/typed': [],
    'workflows/beside': ['workflows-import-messages'],
    'workflows/sending': ['workflows-imports-packages'],
    'client/one': ['no-circles'],
    'client/two': [],
    'attic/new': ['only-known-rooms'],
  });
});

test('the picture in docs/architecture.md is what the imports say, and one that lacks an import is noticed', () => {
  const copy = join(temporaryFolder(), 'copy.md');
  writeFileSync(copy, readFileSync(DOCUMENT, 'utf8').replace('  workflows --> jobs\n', ''));
  const { status, stderr } = spawnSync(process.execPath, [DRAW, '--check', DOCUMENT, copy], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: `${copy} is not what the imports in src say: "npm run architecture" draws it anew\n`,
  });
});
