/** Signal `pollNow`, of operations, chains and shards of batches. */
import { defineSignal } from '@temporalio/workflow';
import { POLL_NOW_SIGNAL, type PollNowTarget } from '../contract';
import { firstRunId } from './engine/carry';

/** Whoever reaches the namespace can send it, with any argument. */
export const pollNowSignal = defineSignal<[(PollNowTarget | null)?]>(POLL_NOW_SIGNAL);

/** Whether it is this workflow that is meant, and none that had its id before. @param own the first run by which callers know it */
export function isMeant(target: PollNowTarget | null | undefined, own = firstRunId()): boolean {
  return (target?.firstRunId ?? own) === own;
}
