/** `lro status`, `watch`, `wait`, `list`, `cancel`, `poll-now`: what is there already, whether operation, chain or batch. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import {
  RUN_KINDS,
  RUN_STATES,
  SEARCH_ATTRIBUTES,
  TROUBLE_KINDS,
  type LroClient,
  type RunFilter,
  type RunKind,
  type RunState,
  type RunSummary,
} from '../../client';
import { findSearchAttributes, isUsable } from '../../setup';
import { addCommand, print, toNumber, toSeconds, withLro, type CommonOptions } from './command';
import { UsageError } from './failures';
import { follow, followed } from './follow';
import { findKnown, requireKind } from './kinds';
import { runList } from './operation-tables';
import { showStatus } from './status';
import { forShell, writeError } from './terminal';

interface WaitFlags extends CommonOptions {
  timeoutSeconds?: number;
}

interface ListFlags extends CommonOptions {
  type?: RunKind;
  status?: string;
  trouble?: string | true;
  connection?: string;
  limit?: number;
}

const MAX_LISTED = 10_000;

export function addRunCommands(program: Command): void {
  addCommand(program, 'status <id>', 'where an operation, chain or batch stands').action((id: string, options: CommonOptions) =>
    withLro(options, async (lro) => showStatus(lro, await findKnown(lro, id), options)),
  );
  addCommand(program, 'watch <id>', 'follow an operation, chain or batch to its end, and print its result').action(watch);
  addCommand(program, 'wait <id>', 'follow it as watch does, for a time at most')
    .option('--timeout-seconds <n>', 'wait so long at most (default: no limit); exit code 4 when it is over', toSeconds)
    .action(watch);
  addCommand(program, 'list', 'operations, chains and batches, newest first')
    .addOption(new Option('--type <type>', 'only of this type').choices(RUN_KINDS))
    .option('--status <word>', `only in this state: ${RUN_STATES.join(', ')}, or the service's own word (LroStatus)`)
    .addOption(new Option('--trouble [kind]', 'only what does not go on, for this reason (default: any)').choices(TROUBLE_KINDS))
    .option('--connection <name>', 'only of this connection')
    .option('--limit <n>', 'list so many at most (default: 20)', toLimit)
    .action(list);
  addCommand(program, 'cancel <id>', 'cancel an operation, chain or batch, also at the service where that is possible').action(cancel);
  addCommand(program, 'poll-now <id>', 'ask the service now instead of waiting').action(pollNow);
}

async function watch(id: string, options: WaitFlags): Promise<void> {
  await withLro(options, async (lro) => {
    const { kind, taskQueue } = await findKnown(lro, id);
    const run = followed(lro, kind, id, taskQueue);
    print(options, await follow(lro, run, options), run.table);
  });
}

/** Says of a run that has ended that nothing is left to be done. @returns whether it runs */
export function isOpen({ id, kind, state }: RunSummary, options: CommonOptions, done: string): boolean {
  if (state === 'running') return true;
  print(options, { id, state, done: false }, () => `${kind} "${id}" has ended (${state}); nothing is left to be ${done}`);
  return false;
}

async function cancel(id: string, options: CommonOptions): Promise<void> {
  await withLro(options, async (lro) => {
    const run = await findKnown(lro, id);
    if (!isOpen(run, options, 'cancelled')) return;
    await lro.get(id).cancel();
    print(options, { id, state: run.state, done: true }, () => `${run.kind} "${id}" is asked to end; lro watch ${forShell(id)} follows it`);
  });
}

async function pollNow(id: string, options: CommonOptions): Promise<void> {
  await withLro(options, async (lro) => {
    const run = await requireKind(
      lro,
      id,
      ['operation', 'chain', 'tileset'],
      () => `its items are polled as the service asks; lro batch progress ${forShell(id)} says where it stands`,
    );
    if (!isOpen(run, options, 'polled')) return;
    await lro.get(id).pollNow();
    print(options, { id, state: run.state, done: true }, () => `${run.kind} "${id}" is polled now`);
  });
}

/** For `--limit`. */
export function toLimit(written: string): number {
  const limit = toNumber(written);
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_LISTED) return limit;
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${MAX_LISTED}.`);
}

async function list(options: ListFlags): Promise<void> {
  const { type: kind, status, connection, limit } = options;
  const trouble = options.trouble === true ? 'any' : options.trouble;
  const state = RUN_STATES.find((word) => word.toLowerCase() === status?.toLowerCase());
  await withLro(options, (lro) =>
    listWith(lro, { kind, state, status: state === undefined ? status : undefined, connection, trouble, limit }, options),
  );
}

/** `lro list` and `lro batch list`. */
export async function listWith(lro: LroClient, filter: RunFilter & { state?: RunState }, options: CommonOptions): Promise<void> {
  const needed = [
    filter.status === undefined ? undefined : SEARCH_ATTRIBUTES.status,
    filter.connection === undefined ? undefined : SEARCH_ATTRIBUTES.connection,
    filter.trouble === undefined ? undefined : SEARCH_ATTRIBUTES.trouble,
  ].filter((name) => name !== undefined);
  const missing = await missingAttributes(lro);
  const lacking = needed.filter((name) => missing.includes(name));
  const namespace = lro.client.options.namespace;
  if (lacking.length > 0) {
    throw new UsageError(
      `namespace "${namespace}" cannot be filtered by ${lacking.join(' and ')}, which it does not have: ${setupCommand(namespace)} registers them`,
    );
  }
  const runs = await lro.list(filter);
  print(options, runs, runList);
  if (missing.length > 0 && options.json !== true) {
    writeError(
      `status, trouble and connection are not shown: namespace "${namespace}" lacks ${missing.join(', ')}; ${setupCommand(namespace)} registers them`,
    );
  }
}

function setupCommand(namespace: string): string {
  return namespace === 'default' ? 'lro setup' : `lro setup --namespace ${forShell(namespace)}`;
}

/** Where the server does not say (Temporal Cloud), a query that needs one that is missing is refused by name. */
async function missingAttributes(lro: LroClient): Promise<string[]> {
  try {
    const found = await findSearchAttributes(lro.client.connection, lro.client.options.namespace);
    return found.filter((attribute) => !isUsable(attribute)).map(({ name }) => name);
  } catch {
    return [];
  }
}
