#!/usr/bin/env node
/**
 * `npm run demo`: Temporal, the emulator and the worker as processes, and a chain of operations that survives the kill of the worker.
 *
 * Keeps true: however it ends, none of the processes it started is left; exit code 0 only when everything happened as expected
 * (2: wrong arguments, 3: no server where TEMPORAL_ADDRESS says, 1: anything else, 130 and the like: ended by a signal).
 */
import { constants } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import { LroClient } from '../client';
import { DEFAULT_TASK_QUEUE } from '../contract';
import { reasonOf } from '../text/reason';
import { keepLines } from './demo/keep';
import { exitCodeOf, UnreachableError } from './lro/failures';
import { Screen, seconds } from './demo/screen';
import { Stage, type DemoService } from './demo/stage';
import { Story } from './demo/story';
import { workflowLink, type DemoTemporal } from './demo/temporal';

interface DemoOptions {
  /** Whether all stays up at the end. */
  keep: boolean;
  ui?: string;
}

/** One Ctrl-C can arrive twice: from the terminal and passed on by npm. */
const SAME_INTERRUPT_MS = 500;

function readArguments(argv: string[]): DemoOptions {
  const program = new Command('demo')
    .description('Carries a drawing package through upload, conversion, dataset and tileset, and kills the worker in the middle.')
    .option('--keep', 'leave everything running at the end, until Ctrl-C (default on a terminal)')
    .option('--no-keep', 'end everything at the end (default without a terminal)')
    .option('--ui <url>', 'Web UI of the server that TEMPORAL_ADDRESS names, for the links', toUrl)
    .addHelpText(
      'after',
      '\nTemporal is found in this order: TEMPORAL_ADDRESS (that server is used), TEMPORAL_CLI_PATH, temporal on the PATH, the cache, a download.',
    );
  program.showHelpAfterError('(--help says what it takes)');
  program.exitOverride((err) => process.exit(err.exitCode === 0 ? 0 : 2));
  const { keep = process.stdout.isTTY, ui } = program.parse(argv).opts<{ keep?: boolean; ui?: string }>();
  return { keep, ui };
}

function toUrl(written: string): string {
  if (!/^https?:\/\/\S+$/.test(written)) throw new InvalidArgumentError('It must be an http(s) URL.');
  return written;
}

async function run(options: DemoOptions, stage: Stage, screen: Screen): Promise<void> {
  screen.title('durable-lro: a drawing package becomes a tileset, though its worker is killed on the way');
  screen.line();
  const { keep } = options;
  screen.pending('temporal', 'starting');
  const [temporal, service] = await Promise.all([
    stage.startTemporal({ usualPorts: keep, uiUrl: options.ui, onStep: (message) => screen.step('pending', 'temporal', message) }),
    stage.startService(keep),
  ]);
  // On a server that already existed, a worker on the usual task queue would not know the demo's connection.
  const taskQueue = process.env['LRO_TASK_QUEUE'] ?? (temporal.server === undefined ? 'lro-demo' : DEFAULT_TASK_QUEUE);
  screen.step('done', 'temporal', temporal.description);
  if (temporal.program !== undefined) screen.note(`by ${temporal.program}`);
  screen.step('done', 'service', `emulator of Azure Maps Creator at ${service.url}, pid ${service.pid}`);
  screen.pending('worker', 'starting');
  const [worker, lro] = await Promise.all([stage.startWorker(taskQueue), LroClient.connect({ taskQueue })]);
  screen.step(
    'done',
    'worker',
    `takes work from task queue "${taskQueue}", pid ${worker.pid}, ${seconds(performance.now())} after the start`,
  );
  showUi(screen, temporal);
  screen.line();

  const story = new Story({ screen, stage, service, temporal, lro, taskQueue, workerPid: worker.pid });
  const datasetId = await story.run();
  screen.line();
  await story.countPosts();
  await lro.close();
  screen.line();
  if (keep) showWhatIsKept(screen, stage, temporal, service, taskQueue, datasetId);
  else showWhatIsLeft(screen, temporal);
}

function showUi(screen: Screen, temporal: DemoTemporal): void {
  const link = workflowLink(temporal);
  if (link !== undefined) screen.line(`  Web UI: ${screen.link(link)}`);
}

/** At the end of a demo that does not stay up: what still works of what was shown. */
function showWhatIsLeft(screen: Screen, temporal: DemoTemporal): void {
  if (temporal.server === undefined) return showUi(screen, temporal);
  screen.paragraph('Everything is ended now, so the links above lead nowhere. To see it again, and leave it up:');
  screen.line('  npm run demo -- --keep');
}

function showWhatIsKept(
  screen: Screen,
  { configPath }: Stage,
  { address, namespace }: DemoTemporal,
  service: DemoService,
  taskQueue: string,
  datasetId: string,
): void {
  const kept = { address, namespace, taskQueue, configPath, serviceUrl: service.url, datasetId };
  for (const line of keepLines(kept)) screen.line(`  ${line}`.trimEnd());
}

async function main(): Promise<void> {
  const options = readArguments(process.argv);
  const screen = new Screen();
  const stage = new Stage();
  let asExpected = false;
  endOnSignals(stage, screen, () => asExpected);
  // After an error its logs are kept.
  process.once('exit', (code) => {
    if (code !== 1) stage.removeFolder();
  });
  try {
    await Promise.race([run(options, stage, screen), stage.broken]);
    asExpected = true;
    if (options.keep) await stage.broken;
  } catch (err) {
    // A signal is ending all processes: errors from now on are caused by that.
    if (stage.isClearing) return;
    asExpected = false;
    if (err instanceof UnreachableError) {
      screen.step('wrong', 'temporal', err.message);
      await stage.clear();
      process.exit(exitCodeOf(err));
    }
    screen.step('wrong', 'demo', reasonOf(err));
    screen.note(`the logs of all processes are in ${stage.folder}`);
  }
  await stage.clear();
  process.exit(asExpected ? 0 : 1);
}

/** Ends the processes in order, then this one. A second signal ends them at once. */
function endOnSignals(stage: Stage, screen: Screen, isDone: () => boolean): void {
  let firstAtMs: number | undefined;
  const end = (signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP'): void => {
    // The exit hooks end what still runs.
    const exit = (): never => process.exit(isDone() ? 0 : 128 + constants.signals[signal]);
    if (firstAtMs !== undefined) {
      if (performance.now() - firstAtMs > SAME_INTERRUPT_MS) exit();
      return;
    }
    firstAtMs = performance.now();
    screen.line('\n  ending every process that was started …');
    screen.mute();
    stage.clear().then(exit, exit);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => end(signal));
  // The reader has closed the pipe, like `| head`.
  process.stdout.on('error', () => end('SIGHUP'));
}

void main();
