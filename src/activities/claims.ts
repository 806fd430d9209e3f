/**
 * Claims of an activity that submits.
 *
 * Keeps true:
 * 1. Before a request goes out, the server has acknowledged a heartbeat that claims it. So when the activity dies, whoever reads its
 *    last heartbeat knows of every item: answered, claimed (nobody knows), or provably never sent.
 * 2. There is one claim an activity, and no heartbeat before it: the later ones may arrive in any order, and each of them says at least
 *    as much.
 * 3. What was claimed is answered or reported; nothing that fails after the claim is thrown away.
 */
import { Context } from '@temporalio/activity';
import { ActivityNotFoundError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { Claim, Claims, SubmitResult } from './messages';
import { SUBMIT_INTERRUPTED } from './messages';

/** Below the heartbeat timeout of 5 s, with room for a slow server. */
const HEARTBEAT_INTERVAL_MS = 1000;
/** Answers are recorded by the server so soon, where somebody waits for that. */
const REPORT_INTERVAL_MS = 200;
/** The last of them are not waited for longer. */
const LAST_REPORT_MS = 1000;

/**
 * Claims, then runs `work`, which says each answer as it comes. Returns all answers.
 * @param acknowledged called with answers that the server has acknowledged: from then on they stand, whatever becomes of this worker
 * @throws ApplicationFailure {@link SUBMIT_INTERRUPTED} with the claims, when it ended in any other way
 */
export async function withClaims(
  claimed: Claim[],
  work: (answered: (answer: SubmitResult) => void) => Promise<unknown>,
  acknowledged?: (answers: SubmitResult[]) => void,
): Promise<SubmitResult[]> {
  const claims: Claims = { claimed: [], answered: [] };
  const context = Context.current();
  // The SDK watches for its own heartbeats only: without them it takes an activity for dead after the heartbeat timeout and drops its answer.
  const beat = (): void => context.heartbeat({ claimed: claims.claimed, answered: [...claims.answered] });
  const acknowledgedBeat = (details: Claims): Promise<void> =>
    heartbeatOrThrow(() => context.client.activity.heartbeat(context.info.taskToken, details));
  let acknowledgedCount = 0;
  let isReporting = false;
  const report = async (): Promise<void> => {
    if (acknowledged === undefined || isReporting || claims.answered.length === acknowledgedCount) return;
    isReporting = true;
    try {
      const answered = [...claims.answered];
      // Or an older one that the SDK still holds back would follow.
      beat();
      await acknowledgedBeat({ claimed, answered });
      acknowledged(answered.slice(acknowledgedCount));
      acknowledgedCount = answered.length;
    } catch {
      // The server is away: later.
    } finally {
      isReporting = false;
    }
  };
  const timers: NodeJS.Timeout[] = [];
  try {
    const startedAtMs = performance.now();
    await acknowledgedBeat({ claimed, answered: [] });
    claims.claimed = claimed;
    if (performance.now() - startedAtMs > HEARTBEAT_INTERVAL_MS) beat();
    timers.push(setInterval(beat, HEARTBEAT_INTERVAL_MS));
    if (acknowledged !== undefined) timers.push(setInterval(() => void report(), REPORT_INTERVAL_MS));
    await work((answer) => claims.answered.push(answer));
    if (acknowledged !== undefined)
      await Promise.race([report(), new Promise((resolve) => timers.push(setTimeout(resolve, LAST_REPORT_MS)))]);
    return claims.answered;
  } catch (err) {
    // The exception's own message may hold anything, a secret too.
    const message = `the submit was interrupted (${err instanceof Error ? err.name : 'exception'})`;
    throw ApplicationFailure.create({ type: SUBMIT_INTERRUPTED, message, nonRetryable: true, details: [claims] });
  } finally {
    for (const timer of timers) clearInterval(timer);
  }
}

/** A request to cancel is recorded like any other beat, and a submit is not cut. Whatever else fails: nothing is sent. */
async function heartbeatOrThrow(beat: () => Promise<void>): Promise<void> {
  try {
    await beat();
  } catch (err) {
    const isCancelRequest = err instanceof Error && err.name === 'ActivityCancelledError';
    if (err instanceof ActivityNotFoundError || !isCancelRequest) throw err;
  }
}
