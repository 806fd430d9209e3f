/** `lro setup`: registers the search attributes by which operators filter lists of operations. */
import { Connection, type ConnectionOptions } from '@temporalio/client';
import type { Command } from 'commander';
import { setUpNamespace, type SetupResult } from '../../setup';
import { print, settingsFor, toNumber, type CommonOptions } from './command';
import { UnreachableError, UsageError, unreachable } from './failures';
import { reached, requireListening } from './reach';

interface SetupCommandOptions extends Omit<CommonOptions, 'taskQueue'> {
  createNamespace?: true;
  retentionDays?: number;
  waitSeconds?: number;
}

const DEFAULT_RETENTION_DAYS = 7;
const MAX_RETENTION_DAYS = 3650;
const MAX_WAIT_SECONDS = 3600;
const TRY_EVERY_MS = 1000;
/** The SDK's own is twice as long. */
const CONNECT_TIMEOUT_MS = 5000;
/** Of gRPC. */
const NOT_FOUND = 5;

export function addSetupCommand(program: Command): void {
  program
    .command('setup')
    .description('register the search attributes of operations in the namespace; of Temporal Cloud print the commands that do')
    .option('--create-namespace', 'make the namespace where there is none (not in Temporal Cloud)')
    .option('--retention-days <n>', `of a namespace that is made (default: ${DEFAULT_RETENTION_DAYS})`, toNumber)
    .option('--wait-seconds <n>', 'for a server that is starting (default: 0)', toNumber)
    .option('--address <host:port>', 'of Temporal (default: TEMPORAL_ADDRESS, temporal.toml, or localhost:7233)')
    .option('--namespace <name>', 'of Temporal (default: TEMPORAL_NAMESPACE, temporal.toml, or default)')
    .option('--json', 'print JSON')
    .action(setup);
}

async function setup(options: SetupCommandOptions): Promise<void> {
  const { createNamespace = false, retentionDays, waitSeconds = 0 } = options;
  if (retentionDays !== undefined && !createNamespace) throw new UsageError('--retention-days needs --create-namespace');
  requireWhole('--retention-days', retentionDays, 1, MAX_RETENTION_DAYS);
  requireWhole('--wait-seconds', waitSeconds, 0, MAX_WAIT_SECONDS);
  const { connectionOptions, namespace, address } = settingsFor(options);
  const connection = await connect({ ...connectionOptions, address }, waitSeconds);
  try {
    const createWithRetentionDays = createNamespace ? (retentionDays ?? DEFAULT_RETENTION_DAYS) : undefined;
    const result = await setUpNamespace(connection, { address, namespace, createWithRetentionDays });
    print(options, result, setupText);
    if (!result.complete) process.exitCode = 1;
  } catch (err) {
    if (err instanceof Error && 'code' in err && err.code === NOT_FOUND) {
      throw new UnreachableError(
        `Temporal has no namespace "${namespace}"; name another (--namespace), or make it with --create-namespace`,
      );
    }
    throw err;
  } finally {
    await connection.close();
  }
}

/** @throws UnreachableError */
async function connect(options: ConnectionOptions & { address: string }, waitSeconds: number): Promise<Connection> {
  const giveUpAtMs = Date.now() + waitSeconds * 1000;
  for (;;) {
    try {
      await requireListening(options.address);
      return await reached(options.address, options.tls, Connection.connect({ ...options, connectTimeout: CONNECT_TIMEOUT_MS }));
    } catch (err) {
      if (Date.now() >= giveUpAtMs) throw unreachable(err, options.address);
      await new Promise((resolve) => setTimeout(resolve, TRY_EVERY_MS));
    }
  }
}

function requireWhole(flag: string, value: number | undefined, min: number, max: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= min && value <= max)) return;
  throw new UsageError(`${flag} must be a whole number from ${min} to ${max}`);
}

const WORDS = {
  registered: 'registered now',
  there: 'is there',
  missing: 'is missing',
  unknown: 'not known: the server does not say',
} as const;

/** What was there, what was done, and what is left to a person. */
export function setupText({ namespace, address, cloud, namespaceCreated, searchAttributes, commands, complete }: SetupResult): string {
  const lines = [`namespace "${namespace}" at ${address}${namespaceCreated ? ': made now' : ''}`];
  for (const { name, outcome, type, remedy } of searchAttributes) {
    lines.push(
      outcome === 'wrongType'
        ? `  ${name}: is of type ${String(type)}, not Keyword; left as it is. Remedy: ${String(remedy)}`
        : `  ${name}: ${WORDS[outcome]}`,
    );
  }
  if (cloud && commands.length > 0) {
    lines.push('Temporal Cloud registers them by its own command lines, with the rights of a namespace admin. Either of:');
    for (const { program, commands: typed } of commands) lines.push(`  with ${program}:`, ...typed.map((command) => `    ${command}`));
  }
  if (complete) lines.push('lists of operations can be filtered by all of them');
  return lines.join('\n');
}
