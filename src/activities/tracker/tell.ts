/**
 * Activities of trackers about the workflows whose operations they follow.
 *
 * Keeps true: a workflow that is closed is told nothing and asked nothing; whoever is told shows by the token that it is meant.
 */
import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import pLimit from 'p-limit';
import { RUN_OPERATION } from '../../contract';
import { belongsTo, trackerId, type Owner } from '../../jobs/tracked';
import { withHeartbeat } from '../heartbeat';
import type { LearntSettings } from '../messages';
import { REGISTER_AGAIN_SIGNAL, TOLD_SIGNAL, TRACKER_MEMO } from '../../jobs/tracker-names';
import type { AdoptRequest, Told, TrackerInput, TrackerStart } from './messages';
import { unlessClosed } from './unless-closed';

/** Calls of Temporal at once. */
const LANES = 20;

/** Activity `tell`. Those that were told are in its heartbeats: the next attempt does not tell them again. */
export async function tell(all: Told[]): Promise<void> {
  const { client, info } = Context.current();
  const told = new Set(info.heartbeatDetails as string[] | undefined);
  await withHeartbeat(
    () =>
      inLanes(
        all.filter(({ token }) => !told.has(token)),
        async (one) => {
          await unlessClosed(() => client.workflow.getHandle(one.workflowId).signal(TOLD_SIGNAL, one));
          told.add(one.token);
        },
      ),
    () => [...told],
  );
}

/** Activity `beginTracker`. */
export function makeBeginTracker(learn: () => Promise<LearntSettings>) {
  return async function beginTracker({ connection, path }: TrackerInput): Promise<TrackerStart> {
    const { client, info } = Context.current();
    const parts = [0, 1].map((bit) => trackerId(info.taskQueue, connection, `${path}${bit}`));
    const running = await Promise.all(parts.map((id) => isOpen(client, id)));
    return { settings: await learn(), isSplit: running.includes(true) };
  };
}

/** Activity `adopt`. */
export async function adopt({ connection, path, known }: AdoptRequest): Promise<number> {
  const isKnown = new Set(known);
  const { client, info } = Context.current();
  const first = trackerId(info.taskQueue, connection);
  let count = 0;
  await withHeartbeat(async () => {
    const open = client.workflow.list({ query: `WorkflowType = "${RUN_OPERATION}" AND ExecutionStatus = "Running"` });
    for await (const { workflowId, memo } of open) {
      if (memo?.[TRACKER_MEMO] !== first || !belongsTo(workflowId, path) || isKnown.has(workflowId)) continue;
      await unlessClosed(() => client.workflow.getHandle(workflowId).signal(REGISTER_AGAIN_SIGNAL));
      count++;
    }
  });
  return count;
}

/** Activity `closedAmong`. */
export async function closedAmong(operations: Owner[]): Promise<string[]> {
  const { client } = Context.current();
  const closed: string[] = [];
  await withHeartbeat(() =>
    inLanes(operations, async ({ workflowId, firstRunId, token }) => {
      if (!(await isOpen(client, workflowId, firstRunId))) closed.push(token);
    }),
  );
  return closed;
}

/** @param firstRunId another workflow that has got the id since is not meant */
async function isOpen(client: Client, workflowId: string, firstRunId?: string): Promise<boolean> {
  const described = await unlessClosed(() => client.workflow.getHandle(workflowId).describe());
  if (described?.status.name !== 'RUNNING') return false;
  // Servers before 1.25 do not tell it.
  const first = described.raw.workflowExecutionInfo?.firstRunId ?? '';
  return firstRunId === undefined || first === '' || first === firstRunId;
}

/** All of them, even where some fail. @throws the first failure, at the end */
async function inLanes<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const limit = pLimit(LANES);
  const ends = await Promise.allSettled(all.map((one) => limit(() => work(one))));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}
