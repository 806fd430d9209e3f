/** `lro batch …`: start, follow, pause, cancel, list and retry batches. */
import type { Command } from 'commander';
import { BatchError, type BatchHandle, type BatchInput, type LroClient, type RetryOf } from '../../client';
import { BATCH_PRIORITY_KEY } from '../../contract';
import { announce } from './announce';
import { itemTable, progressTable } from './batch-tables';
import { addBatchInputOptions, addBatchSettingOptions, readBatchInput, type BatchInputOptions } from './batch-input';
import { addCommand, collect, print, toId, toSeconds, withLro, type CommonOptions } from './command';
import { UnknownIdError, UsageError } from './failures';
import { follow, followed } from './follow';
import { fileRef, withoutUndefined } from './input-file';
import { requireKind, type KnownRun } from './kinds';
import type { StartFlags } from './operation';
import { addPriorityOptions, readPriority } from './priority';
import { isOpen, listWith, toLimit } from './runs';
import { forShell } from './terminal';

interface TimeoutFlags extends CommonOptions {
  timeoutSeconds?: number;
}

interface RetryFlags extends StartFlags, BatchInputOptions {
  outcome?: NonNullable<RetryOf['outcomes']>;
}

const ID_HELP = 'workflow id; the same id is the same batch (default: a random one)';
const WAIT_HELP = 'follow it to its end and print its result; exit code 1 where it fails';

export function addBatchCommands(program: Command): void {
  const group = program.command('batch').description('run, start, pause, cancel, list and retry batches');

  addPriorityOptions(addBatchInputOptions(addCommand(group, 'run', 'start a batch, follow it, and print its result')), BATCH_PRIORITY_KEY)
    .option('--id <id>', ID_HELP, toId)
    .action((options: StartFlags & BatchInputOptions) => start(readBatchInput(options), { ...options, wait: true }));
  addPriorityOptions(addBatchInputOptions(addCommand(group, 'start', 'start a batch, and print its id')), BATCH_PRIORITY_KEY)
    .option('--id <id>', ID_HELP, toId)
    .option('--wait', WAIT_HELP)
    .action((options: StartFlags & BatchInputOptions) => start(readBatchInput(options), options));
  addPriorityOptions(
    addBatchSettingOptions(addCommand(group, 'retry-failed <idOrReport>', 'start a batch of what an earlier one, or its report, has left')),
    BATCH_PRIORITY_KEY,
  )
    .option(
      '--outcome <name>',
      'items that ended so: failed, canceled, notStarted, uncertain or invalid; may be repeated (default: the first three)',
      collect,
    )
    .option('--id <id>', ID_HELP, toId)
    .option('--wait', WAIT_HELP)
    .action(retry);
  addCommand(group, 'list', 'batches, newest first')
    .option('--limit <n>', 'list so many at most (default: 20)', toLimit)
    .action((options: CommonOptions & { limit?: number }) =>
      withLro(options, (lro) => listWith(lro, { kind: 'batch', limit: options.limit }, options)),
    );
  addCommand(group, 'progress <id>', 'where it stands').action((id: string, options: CommonOptions) =>
    onBatch(id, options, 'status', async (batch) => print(options, await batch.progress(), progressTable)),
  );
  addCommand(group, 'item <id> <itemId>', 'where one of its items stands')
    .option('--timeout-seconds <n>', 'wait so long at most (default: 60)', toSeconds)
    .action((id: string, itemId: string, options: TimeoutFlags) =>
      onBatch(id, options, 'status', async (batch) => {
        print(options, await batch.item(itemId, options).catch(refuseItem), itemTable);
      }),
    );
  addCommand(group, 'pause <id>', 'submit nothing more until it is resumed; what is open goes on').action(
    (id: string, options: CommonOptions) =>
      onBatch(id, options, 'cancel', async (batch) => {
        await batch.pause();
        print(options, { id }, () => `batch "${id}" submits nothing more until it is resumed`);
      }),
  );
  addCommand(group, 'resume <id>', 'submit again').action((id: string, options: CommonOptions) =>
    onBatch(id, options, 'status', async (batch) => {
      await batch.resume();
      print(options, { id }, () => `batch "${id}" goes on`);
    }),
  );
  addCommand(group, 'cancel <id>', 'cancel it and what is open of it').action((id: string, options: CommonOptions) =>
    onBatch(id, options, 'cancel', async (batch, _lro, run) => {
      if (!isOpen(run, options, 'cancelled')) return;
      await batch.cancel();
      print(options, { id }, () => `batch "${id}" is asked to end`);
    }),
  );
  addCommand(group, 'result <id>', WAIT_HELP)
    .option('--timeout-seconds <n>', 'wait so long at most (default: no limit); exit code 4 when it is over', toSeconds)
    .action((id: string, options: TimeoutFlags) =>
      onBatch(id, options, 'wait', async (_batch, lro, { kind, taskQueue }) => {
        const run = followed(lro, kind, id, taskQueue);
        print(options, await follow(lro, run, options), run.table);
      }),
    );
}

/** @param instead the command for an operation or chain of that id */
function onBatch(
  id: string,
  options: CommonOptions,
  instead: 'status' | 'cancel' | 'wait',
  work: (batch: BatchHandle, lro: LroClient, run: KnownRun) => Promise<void>,
): Promise<void> {
  return withLro(options, async (lro) => {
    const run = await requireKind(lro, id, ['batch'], () => `use: lro ${instead} ${forShell(id)}`);
    await work(lro.getBatch(id), lro, run);
  });
}

/** The batch itself has not failed. */
function refuseItem(err: unknown): never {
  throw err instanceof BatchError && err.type === 'InvalidInput'
    ? new UnknownIdError(`batch "${err.workflowId}" says: ${err.message}`)
    : err;
}

async function start(input: BatchInput, options: StartFlags): Promise<void> {
  const priority = readPriority(options);
  await withLro(options, async (lro) => announce(lro, 'batch', await lro.startBatch(input, { id: options.id, priority }), options));
}

async function retry(idOrReport: string, options: RetryFlags): Promise<void> {
  const { outcome: outcomes, id } = options;
  const priority = readPriority(options);
  const inputFor = (source: RetryOf): BatchInput => readBatchInput(options, { retryOf: { ...source, ...withoutUndefined({ outcomes }) } });
  // What is wrong with the flags is said before anybody is asked.
  inputFor({ workflowId: idOrReport });
  await withLro(options, async (lro) => {
    const source = await sourceOf(lro, idOrReport);
    await announce(lro, 'batch', await lro.startBatch(inputFor(source), { id, priority }), options);
  });
}

/** A batch that has ended, or else the place of a report. @throws UsageError, UnknownIdError */
async function sourceOf(lro: LroClient, idOrReport: string): Promise<RetryOf> {
  let run: KnownRun;
  try {
    run = await requireKind(lro, idOrReport, ['batch'], () => 'start it again with the same id and input: lro start --id …');
  } catch (err) {
    if (err instanceof UnknownIdError && /^https?:|[/\\]|\.jsonl?$/i.test(idOrReport)) return { report: fileRef(idOrReport) };
    throw err;
  }
  if (run.state !== 'running') return { workflowId: idOrReport };
  throw new UsageError(`batch "${idOrReport}" is still running; what it leaves is known at its end: lro watch ${forShell(idOrReport)}`);
}
