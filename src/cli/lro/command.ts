/**
 * What all commands share: their options, the connection, numbers among the arguments, and `--json`.
 */
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { ConfigError, LroClient } from '../../client';
import { reasonOf } from '../../text/reason';
import { unreachable, UsageError } from './failures';
import { COMMON_OPTIONS } from './help';
import { DEFAULT_ADDRESS, requireListening } from './reach';
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
  const address = options.address ?? configuredAddress();
  try {
    await requireListening(address);
    return await LroClient.connect({ address, namespace: options.namespace, taskQueue: queue });
  } catch (err) {
    if (err instanceof ConfigError) throw new UsageError(`the encryption keys are refused:\n${err.message}`);
    throw unreachable(err, address);
  }
}

/** @throws UsageError */
function configuredAddress(): string {
  try {
    return loadClientConnectConfig().connectionOptions.address ?? DEFAULT_ADDRESS;
  } catch (err) {
    throw new UsageError(`the profile of temporal.toml cannot be used: ${reasonOf(err)}`);
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

/** For options that may be given several times. */
export function collect(written: string, before: string[] = []): string[] {
  return [...before, written];
}
