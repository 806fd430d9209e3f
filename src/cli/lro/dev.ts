/** `lro dev`: everything that is needed to try this project, in one terminal. What it starts stands in `../dev/`. */
import { InvalidArgumentError, type Command } from 'commander';
import { DEFAULT_TASK_QUEUE } from '../../contract';
import type { DevOptions } from '../dev/processes';
import { configPath, DEFAULT_CONFIG_PATH } from './config';

type DevFlags = Omit<DevOptions, 'config' | 'taskQueue'> & Partial<DevOptions>;

const MAX_PORT = 65_535;

export function addDevCommand(program: Command): void {
  program
    .command('dev')
    .description('Temporal with its Web UI, the emulator and a worker in this terminal, until Ctrl-C')
    .option(
      '--config <file>',
      `of the worker; written for the emulator where there is none, never changed (default: LRO_CONFIG, or ${DEFAULT_CONFIG_PATH})`,
    )
    .option('--db-filename <file>', 'SQLite file that keeps what Temporal knows until the next time (default: in memory)')
    .option('--port <n>', 'of Temporal; 0: a free one', toPort, 7233)
    .option('--ui-port <n>', "of Temporal's Web UI; 0: a free one", toPort, 8233)
    .option('--emulator-port <n>', 'of the emulator; 0: a free one', toPort, 4010)
    .option('--task-queue <name>', `of the worker (default: LRO_TASK_QUEUE, or ${DEFAULT_TASK_QUEUE})`)
    .action(async ({ config = configPath(), taskQueue = process.env['LRO_TASK_QUEUE'] ?? DEFAULT_TASK_QUEUE, ...ports }: DevFlags) => {
      // Loaded here: `lro --help` and the completion do without it.
      const { runDev } = await import('../dev/run');
      process.exitCode = await runDev({ config, taskQueue, ...ports });
    });
}

function toPort(written: string): number {
  if (!/^\d{1,5}$/.test(written) || Number(written) > MAX_PORT)
    throw new InvalidArgumentError(`It must be a whole number from 0 to ${MAX_PORT}.`);
  return Number(written);
}
