/**
 * The chaos program: `npm run chaos -- --minutes 60 --seed 7`. Callers keep about 500 operations open while everything around them is killed,
 * cut, slowed and changed; then all is made calm, and what was promised of every operation is checked. See docs/chaos.md.
 *
 * Exit codes: 0 when nothing was lost or wrong, 1 otherwise. The seed decides what is done and what is asked for, not how fast it goes.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { Dice } from '../jobs/dice';
import { eventually } from '../support/eventually';
import { Callers, hash } from './callers';
import { Canaries } from './canaries';
import { FootprintSamples, type Growth } from './footprint-samples';
import { Journal } from './journal';
import { judge } from './judge';
import { openAtTimes, readRecord } from './record';
import { Stage } from './stage';
import { Storm } from './storm';
import { failuresOf, summaryOf, type Outcome } from './summary';

interface Options {
  minutes: number;
  seed: number;
  keep: boolean;
}

/** Once all is calm, operations take their own time, and a busy machine its own; when none has ended for so long, the rest is lost. */
const STUCK_SECONDS = 300;
/** A worker's caches fill in the first part. */
const WARM_UP_SHARE = 0.25;
/** What memory may differ by from third to third: the heap is collected when it is worth it, and caches still fill in a short run. */
const MAX_GROWTH = { rssShare: 0.25, rssMebibytes: 60, handles: 40 };
/** Workflows whose whole histories are searched; all of them are searched in the database. */
const SEARCHED_HISTORIES = 40;
const SEARCHED_LOG_CHARS = 4_000_000;

async function run({ minutes, seed, keep }: Options): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), `durable-lro-chaos-${seed}-`));
  const journal = new Journal();
  say(`seed ${seed}, ${minutes} min, files in ${folder}`);
  const stage = await Stage.open(folder, journal);
  try {
    const outcome = await rageAndJudge(stage, journal, { minutes, seed });
    const failures = failuresOf(outcome);
    process.stdout.write(`${summaryOf(outcome)}\n`);
    if (!keep && failures.length === 0) rmSync(folder, { recursive: true, force: true });
    else say(`files are kept in ${folder}`);
    return failures.length === 0;
  } finally {
    await stage.close();
  }
}

async function rageAndJudge(stage: Stage, journal: Journal, { minutes, seed }: Omit<Options, 'keep'>): Promise<Outcome> {
  const survivor = stage.slots[0];
  if (survivor === undefined) throw new Error('no worker was started');
  const samples = new FootprintSamples(() => survivor.pid);
  const lengths = { shortest: 20, longest: Math.min(120, Math.max(40, minutes * 25)) };
  const callers = new Callers(stage.lro, stage.callersFolder, seed, lengths, journal);
  callers.open();
  const beganMs = Date.now();
  const storm = new Storm(stage, journal, survivor, {
    processes: new Dice(hash(`${seed}/processes`)),
    links: new Dice(hash(`${seed}/links`)),
  });
  const raging = storm.rage();
  const untilMs = beganMs + minutes * 60_000;
  while (Date.now() < untilMs) {
    await Promise.race([sleep(Math.min(15_000, untilMs - Date.now())), raging]);
    const { operations } = await stage.service.counts().catch(() => ({ operations: '?' }));
    say(`${Math.round((Date.now() - beganMs) / 1000)} s: ${operations} operations at the service, ${callers.told.length} ended`);
  }
  storm.calm();
  await raging;
  const calmMs = Date.now();
  say('all is calm');
  await eventually(
    () =>
      stage.service.removeFaults().then(
        () => true,
        () => false,
      ),
    (done) => done,
  );
  const isClosed = await closedOrStuck(callers);
  const endedMs = Date.now();
  samples.stop();
  const growth = samples.growth(beganMs + (calmMs - beganMs) * WARM_UP_SHARE, calmMs);
  say(isClosed ? 'all have ended' : 'some have not ended');
  const lost = isClosed ? [] : await openWorkflows(stage);

  const canaries = new Canaries(stage.credentials.all);
  for (const id of callers.workflows.filter((_, index) => index % Math.ceil(callers.workflows.length / SEARCHED_HISTORIES) === 0))
    await canaries.inHistory(stage.client, id).catch((err: unknown) => journal.count(`history not searched: ${String(err).slice(0, 60)}`));
  await stage.stopWorkers();
  await stage.killService();
  await stage.killTemporal();
  const problems = [...callers.problems, ...searchFiles(stage, canaries, callers)];

  const record = readRecord(stage.serviceDatabase);
  const verdict = judge(callers.told, record, journal.disruptions, endedMs);
  const open = openAtTimes(record, beganMs + (calmMs - beganMs) * WARM_UP_SHARE, calmMs);
  return {
    seed,
    minutes,
    counts: journal.counts,
    verdict,
    lost,
    problems,
    open,
    search: canaries.search,
    growth,
    growthProblems: growthProblems(growth),
    calmSeconds: (endedMs - calmMs) / 1000,
  };
}

async function closedOrStuck(callers: Callers): Promise<boolean> {
  const closed = callers.close().then(() => true);
  for (let before = -1; before !== callers.told.length;) {
    before = callers.told.length;
    if (await Promise.race([closed, sleep(STUCK_SECONDS * 1000, false, { ref: false })])) return true;
    say(`calm: ${callers.told.length} ended`);
  }
  return false;
}

/** Also shows that what is searched can be found: an operation's name in the database, the service's own record of a key. */
function searchFiles(stage: Stage, canaries: Canaries, callers: Callers): string[] {
  const problems: string[] = [];
  const [known = ''] = callers.workflows;
  const files = [stage.temporalDatabase, `${stage.temporalDatabase}-wal`];
  if (!files.map((path) => canaries.inLargeFile(path, known)).includes(true))
    problems.push(`"${known}" was not found in Temporal's database: the search is blind`);
  for (const { logFile, name } of stage.slots) {
    if (!canaries.inLargeFile(logFile, 'worker ready')) problems.push(`worker ${name} has no log`);
    canaries.inEndOfFile(logFile, SEARCHED_LOG_CHARS);
  }
  canaries.inEndOfFile(join(stage.folder, 'temporal.log'), SEARCHED_LOG_CHARS);
  for (const report of callers.reports) canaries.inFile(report);
  const blind = new Canaries(stage.credentials.all);
  if (
    !blind.inLargeFile(stage.serviceDatabase, stage.credentials.all[0]?.key ?? '?') &&
    !blind.inLargeFile(`${stage.serviceDatabase}-wal`, stage.credentials.current.key)
  )
    problems.push('the service has no record of a key: the search is blind');
  return problems;
}

async function openWorkflows(stage: Stage): Promise<string[]> {
  const ids: string[] = [];
  const query = `TaskQueue = '${stage.taskQueue}' AND ExecutionStatus = 'Running'`;
  for await (const { workflowId } of stage.client.workflow.list({ query })) ids.push(workflowId);
  return ids;
}

function growthProblems(growth: Growth | undefined): string[] {
  if (growth === undefined) return [];
  const { rssMebibytes: rss, handles } = growth;
  const problems: string[] = [];
  if (rss.last > rss.first * (1 + MAX_GROWTH.rssShare) + MAX_GROWTH.rssMebibytes)
    problems.push(`memory of a worker grew from ${rss.first.toFixed(0)} to ${rss.last.toFixed(0)} MiB`);
  if (handles.last > handles.first + MAX_GROWTH.handles)
    problems.push(`open handles of a worker grew from ${handles.first} to ${handles.last}`);
  return problems;
}

function say(line: string): void {
  process.stderr.write(`chaos: ${line}\n`);
}

const options = new Command('chaos')
  .description('Operations under everything that goes wrong; see docs/chaos.md.')
  .option('--minutes <minutes>', 'how long things go wrong', Number, 3)
  .option('--seed <seed>', 'decides what is done and asked for', Number, Math.floor(Math.random() * 1_000_000))
  .option('--keep', 'keep logs and databases', false)
  .parse()
  .opts<Options>();

run(options).then(
  (isRight) => process.exit(isRight ? 0 : 1),
  (err: unknown) => {
    console.error(err);
    process.exit(1);
  },
);
