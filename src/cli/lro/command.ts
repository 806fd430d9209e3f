/**
 * What all commands share: their options, the connection, numbers among the arguments, and `--json`.
 */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { ConfigError, LroClient } from '../../client';
import { temporalSettings, type TemporalSettings } from '../../transport/temporal-settings';
import { unreachable, UsageError } from './failures';
import { COMMON_OPTIONS } from './help';
import { reached, requireListening } from './reach';
import { writeOut } from './terminal';

export interface CommonOptions {
  json?: true;
  taskQueue?: string;
  address?: string;
  namespace?: string;
}

/** A subcommand with the options that all have. */
export function addCommand(group: Command, nameAndArguments: string, description: string): Command {
  return group
    .command(nameAndArguments)
    .description(description)
    .addOption(common('--json', 'print JSON, and errors as JSON'))
    .addOption(common('--task-queue <name>', 'of the workers (default: LRO_TASK_QUEUE, or lro)'))
    .addOption(common('--address <host:port>', 'of Temporal (default: TEMPORAL_ADDRESS, temporal.toml, or localhost:7233)'))
    .addOption(common('--namespace <name>', 'of Temporal (default: TEMPORAL_NAMESPACE, temporal.toml, or default)'));
}

function common(flags: string, description: string): Option {
  return new Option(flags, description).helpGroup(COMMON_OPTIONS);
}

/**
 * Connects, does the work and closes the connection.
 * @throws UnreachableError, UsageError, and whatever the work throws
 */
export async function withLro<T>(options: CommonOptions, work: (lro: LroClient) => Promise<T>): Promise<T> {
  const lro = await connected(options);
  try {
    return await work(lro);
  } finally {
    await lro.close();
  }
}

async function connected({ taskQueue, ...options }: CommonOptions): Promise<LroClient> {
  const queue = taskQueue ?? process.env['LRO_TASK_QUEUE'];
  if (queue === '') throw new UsageError('the task queue must not be empty (--task-queue, LRO_TASK_QUEUE)');
  const { address, namespace, connectionOptions } = settingsFor(options);
  try {
    await requireListening(address);
    return await reached(address, connectionOptions.tls, LroClient.connect({ address, namespace, taskQueue: queue }));
  } catch (err) {
    if (err instanceof ConfigError) throw new UsageError(`the encryption keys are refused:\n${err.message}`);
    throw unreachable(err, address);
  }
}

/** Where Temporal is, by flags and environment. @throws UsageError */
export function settingsFor(given: Pick<CommonOptions, 'address' | 'namespace'>): TemporalSettings {
  try {
    return temporalSettings(given);
  } catch (err) {
    throw err instanceof ConfigError ? new UsageError(err.message) : err;
  }
}

/** Prints a value as JSON, or else as `show` does. */
export function print<T>({ json }: CommonOptions, value: T, show: (value: T) => string): void {
  writeOut(json === true ? JSON.stringify(value, undefined, 2) : show(value));
}

/** For options that are numbers. */
export function toNumber(written: string): number {
  const number = Number(written);
  if (written.trim() === '' || !Number.isFinite(number)) throw new InvalidArgumentError('It must be a number.');
  return number;
}

/** For timeouts. */
export function toSeconds(written: string): number {
  const seconds = toNumber(written);
  if (seconds < 0) throw new InvalidArgumentError('It must be a number of seconds >= 0.');
  return seconds;
}

/** For ids of what is started. */
export function toId(written: string): string {
  if (written.trim() === '') throw new InvalidArgumentError('It must not be empty.');
  return written;
}

/** For options that may be given several times. */
export function collect(written: string, before: string[] = []): string[] {
  return [...before, written];
}
