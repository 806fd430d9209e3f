/** `lro batch …`: start, follow, pause and cancel batches. */
import type { Command } from 'commander';
import { itemTable, progressTable, resultTable } from './batch-tables';
import { addBatchInputOptions, readBatchInput, type BatchInputOptions } from './batch-input';
import { addCommand, print, toNumber, withLro, type CommonOptions } from './command';
import { addPriorityOptions, readPriority, type PriorityFlags } from './priority';
import { writeError } from './terminal';

interface StartCommandOptions extends CommonOptions, BatchInputOptions, PriorityFlags {
  id?: string;
  wait?: true;
}

interface WaitCommandOptions extends CommonOptions {
  timeoutSeconds?: number;
}

export function addBatchCommands(program: Command): void {
  const group = program.command('batch').description('start, follow, pause and cancel batches');

  addPriorityOptions(addBatchInputOptions(addCommand(group, 'start', 'start a batch')))
    .option('--id <id>', 'its workflow id: the same id is the same batch (default: a random one)')
    .option('--wait', 'wait for its end and print its result; a failed batch is exit code 1')
    .action(start);
  addCommand(group, 'progress <id>', 'where it stands').action((id: string, options: CommonOptions) =>
    withLro(options, async (lro) => print(options, await lro.getBatch(id).progress(), progressTable)),
  );
  addCommand(group, 'item <id> <itemId>', 'where one of its items stands')
    .option('--timeout-seconds <n>', 'of this call (default: 60)', toNumber)
    .action((id: string, itemId: string, options: WaitCommandOptions) =>
      withLro(options, async (lro) => print(options, await lro.getBatch(id).item(itemId, options), itemTable)),
    );
  addCommand(group, 'pause <id>', 'no new submits; what is open goes on').action((id: string, options: CommonOptions) =>
    withLro(options, async (lro) => {
      await lro.getBatch(id).pause();
      print(options, { id }, () => `batch "${id}" submits nothing more until it is resumed`);
    }),
  );
  addCommand(group, 'resume <id>', 'submit again').action((id: string, options: CommonOptions) =>
    withLro(options, async (lro) => {
      await lro.getBatch(id).resume();
      print(options, { id }, () => `batch "${id}" goes on`);
    }),
  );
  addCommand(group, 'cancel <id>', 'cancel it and what is open of it').action((id: string, options: CommonOptions) =>
    withLro(options, async (lro) => {
      await lro.getBatch(id).cancel();
      print(options, { id }, () => `batch "${id}" is asked to end`);
    }),
  );
  addCommand(group, 'result <id>', 'wait for its end and print its result; a failed batch is exit code 1')
    .option('--timeout-seconds <n>', 'of this call (default: none)', toNumber)
    .action((id: string, options: WaitCommandOptions) =>
      withLro(options, async (lro) => print(options, await lro.getBatch(id).result(options), resultTable)),
    );
}

async function start(options: StartCommandOptions): Promise<void> {
  const input = readBatchInput(options);
  const priority = readPriority(options);
  await withLro(options, async (lro) => {
    const batch = await lro.startBatch(input, { id: options.id, priority });
    const { id, started } = batch;
    if (options.wait === true) {
      // Only the result belongs on standard output.
      if (!started && options.json !== true) writeError(joinedText(id));
      print(options, { id, started, result: await batch.result() }, ({ result }) => resultTable(result));
    } else {
      print(options, { id, started }, () => (started ? `batch "${id}" is started` : joinedText(id)));
    }
  });
}

function joinedText(id: string): string {
  return `batch "${id}" was started before with the same input; this call joined it and started nothing`;
}
