/**
 * Why there is no answer: what Temporal, and the run itself, say of it.
 *
 * Keeps true: looking takes {@link LOOK_SECONDS} at most, and never throws.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { PROGRESS_QUERY, type Problem } from '../contract';
import { StillRunningError } from './errors';
import { findRun, workersOf } from './runs';

/** What a call is about. */
export interface Run {
  kind: 'operation' | 'batch' | 'chain';
  id: string;
}

const LOOK_SECONDS = 2;
/** After so long without an answer it is asked whether anybody is there to give one. */
const NO_ANSWER_SECONDS = 3;

/** A clause about what keeps it; undefined where nothing is known to. @param asksRun whether the run itself is asked, too */
export async function standingOf(client: Client, { kind, id }: Run, asksRun: boolean): Promise<string | undefined> {
  try {
    return await client.connection.withDeadline(Date.now() + LOOK_SECONDS * 1000, async () => {
      const { kind: found, workflowType, taskQueue } = await findRun(client, id);
      if (found === 'other') return `it is a workflow of type "${workflowType}", and nothing of this client`;
      if ((await workersOf(client, taskQueue)).count === 0) return noWorkerText(taskQueue);
      if (!asksRun) return undefined;
      const { lastProblem, lastProblems } = await client.workflow
        .getHandle(id)
        .query<{ lastProblem?: Problem; lastProblems?: Problem[] }>(PROGRESS_QUERY);
      const problem = lastProblem ?? lastProblems?.at(-1);
      return problem === undefined ? undefined : `the ${kind} goes on, its last problem: ${problem.message}`;
    });
  } catch {
    return undefined;
  }
}

function noWorkerText(taskQueue: string): string {
  return `no worker is listening on its task queue "${taskQueue}", and it waits until one does`;
}

/** Asks a worker, and gives up soon where there is none: Temporal would keep the question until its deadline. @throws StillRunningError */
export async function askWorker<T>(client: Client, run: Run, ask: () => Promise<T>): Promise<T> {
  const answered = new AbortController();
  const nobody = async (): Promise<never> => {
    await sleep(NO_ANSWER_SECONDS * 1000, undefined, { signal: answered.signal, ref: false });
    const standing = await standingOf(client, run, false);
    if (standing === undefined) return await new Promise<never>(() => undefined);
    throw new StillRunningError(run.id, 'progress', NO_ANSWER_SECONDS, run.kind, standing);
  };
  try {
    return await Promise.race([ask(), nobody()]);
  } finally {
    answered.abort();
  }
}
