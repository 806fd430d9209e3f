/**
 * A second build of this project: what `npm run build` wrote, in a folder of its own, with other workflow code, and bundled anew.
 *
 * Its workflows send one command more with every question to a service, so no history of one build replays with the other; and they hand
 * on fields that the first build does not know: in the state of a new run, in jobs, in what shards tell their batch.
 */
import { execFile } from 'node:child_process';
import { appendFileSync, cpSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from '../support/config';

const ROOT = resolve(__dirname, '../..');

/** Appended to compiled modules: the others call what they export by its name. */
const CHANGES = {
  'engine/calls.js': `
    const readJobsBefore = exports.readJobs;
    exports.readJobs = (...args) => {
      workflow_1.upsertMemo({ build: 'next' });
      return readJobsBefore(...args);
    };`,
  'engine/engine.js': `
    const carriedBefore = Engine.prototype.carried;
    Engine.prototype.carried = function () {
      const { jobs, state } = carriedBefore.call(this);
      return {
        jobs: jobs.map((job) => ({ ...job, addedLater: { since: 'next' }, step: { ...job.step, addedLater: 1 } })),
        state: { ...state, addedLater: true },
      };
    };`,
  'batch/shard.js': `
    const tallyBefore = Shard.prototype.currentTally;
    Shard.prototype.currentTally = function () {
      const tally = tallyBefore.call(this);
      return { ...tally, addedLater: 'text', counts: { ...tally.counts, addedLater: 1 } };
    };
    const carriedBefore = Shard.prototype.carried;
    Shard.prototype.carried = function () {
      const { carried, ...rest } = carriedBefore.call(this);
      return { ...rest, carried: { ...carried, addedLater: [1], holds: { ...carried.holds, addedLater: false } } };
    };`,
};

export interface Build {
  /** Path of its worker program. */
  program: string;
  workflowBundle: { codePath: string };
}

/** What `npm run build` wrote. */
export const FIRST_BUILD: Build = buildIn(ROOT);

export async function nextBuild(): Promise<Build> {
  const folder = temporaryFolder();
  cpSync(join(ROOT, 'dist'), join(folder, 'dist'), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  for (const [file, change] of Object.entries(CHANGES)) appendFileSync(join(folder, 'dist/workflows', file), change);
  await promisify(execFile)(process.execPath, [join(folder, 'dist/hosting/build-bundle.js')]);
  return buildIn(folder);
}

function buildIn(folder: string): Build {
  const dist = join(folder, 'dist');
  return { program: join(dist, 'worker.js'), workflowBundle: { codePath: join(dist, 'workflow-bundle.js') } };
}
