#!/usr/bin/env node
/**
 * `lro`: operations, batches and their schedules from the command line, code for a service's operations, the codec server, and the set-up
 * of a namespace. Exit codes: docs/cli.md.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { addBatchCommands } from './lro/batch';
import { addCodecServerCommand } from './lro/codec-server';
import { exitCodeOf, report } from './lro/failures';
import { addGenerateCommand } from './lro/generate';
import { addOperationCommands } from './lro/operation';
import { addRunCommands } from './lro/runs';
import { addScheduleCommands } from './lro/schedule';
import { addSetupCommand } from './lro/setup';
import { forTerminal } from './lro/terminal';

const ENVIRONMENT_HELP = `
Temporal is found by TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, … or a profile of temporal.toml; without them at
localhost:7233. The task queue is that of --task-queue, LRO_TASK_QUEUE, or "lro".
Where the workers encrypt, LRO_ENCRYPTION_KEYS_FILE (or LRO_ENCRYPTION_KEYS) names the same keys.

Exit codes: 0 done, 1 it failed, 2 wrong arguments or a wrong input, 3 Temporal cannot be reached, 4 still running when the time given
was over, 130 Ctrl-C.`;

/** Errors are JSON, too, and nothing else is on standard error. */
const asJson = process.argv.includes('--json');

function createProgram(): Command {
  const { version } = JSON.parse(readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8')) as { version: string };
  const program = new Command('lro')
    .description(
      'Starts, follows and schedules long-running operations and batches of them, writes code for the operations of a service, and sets up a namespace.',
    )
    .version(version)
    .addHelpText('after', ENVIRONMENT_HELP)
    .configureOutput({
      writeOut: (text) => process.stdout.write(forTerminal(text)),
      writeErr: (text) => asJson || process.stderr.write(forTerminal(text)),
    })
    .exitOverride();
  addOperationCommands(program);
  addRunCommands(program);
  addBatchCommands(program);
  addScheduleCommands(program);
  addGenerateCommand(program);
  addCodecServerCommand(program);
  addSetupCommand(program);
  return program;
}

// The reader has closed the pipe, like `| head`.
process.stdout.on('error', () => process.exit(0));

createProgram()
  .parseAsync(process.argv)
  .catch((err: unknown) => {
    report(err, asJson);
    process.exitCode = exitCodeOf(err);
  });
