/** Which run an id names, and which command is for it where another was typed. */
import { WorkflowNotFoundError } from '@temporalio/client';
import type { LroClient, RunKind, RunSummary } from '../../client';
import { UnknownIdError, UsageError } from './failures';
import { forShell } from './terminal';

/** `an operation`, `a batch` */
const ONE: Readonly<Record<RunKind, string>> = { operation: 'an operation', chain: 'a chain', tileset: 'a tileset', batch: 'a batch' };

/** A run of this project, whatever it is. */
export type KnownRun = RunSummary & { kind: RunKind };

/** @throws UnknownIdError, UsageError for a workflow that is not of this project */
export async function findKnown(lro: LroClient, id: string, wanted = 'operation, chain or batch'): Promise<KnownRun> {
  const run = await found(lro, id, wanted);
  if (run.kind !== 'other') return { ...run, kind: run.kind };
  const parent = run.workflowType === 'runShard' ? '; it is a part of a batch, whose id lro needs' : '';
  throw new UsageError(
    `"${id}" is a workflow of type "${run.workflowType}", not an operation, chain or batch${parent || `; temporal workflow describe -w ${forShell(id)} shows it`}`,
  );
}

/**
 * A run of the kinds that a command is for.
 * @param instead what to type for a run of another kind
 * @throws UnknownIdError, UsageError
 */
export async function requireKind(
  lro: LroClient,
  id: string,
  kinds: readonly RunKind[],
  instead: (run: KnownRun) => string,
): Promise<KnownRun> {
  const isForBatches = kinds.includes('batch');
  const run = await findKnown(lro, id, isForBatches ? 'batch' : 'operation or chain');
  if (kinds.includes(run.kind)) return run;
  throw new UsageError(`"${id}" is ${ONE[run.kind]}, not ${isForBatches ? 'a batch' : 'an operation or a chain'}; ${instead(run)}`);
}

async function found(lro: LroClient, id: string, wanted: string): Promise<RunSummary> {
  if (id === '') throw new UsageError('the id must not be empty; lro list names those there are');
  try {
    return await lro.find(id);
  } catch (err) {
    if (!(err instanceof WorkflowNotFoundError)) throw err;
    const isSchedule = await lro.schedules.describe(id).then(
      () => true,
      () => false,
    );
    const advice = isSchedule ? `there is a schedule of this id: lro schedule describe ${forShell(id)}` : 'lro list names those there are';
    throw new UnknownIdError(`there is no ${wanted} "${id}" in namespace "${lro.client.options.namespace}"; ${advice}`);
  }
}
