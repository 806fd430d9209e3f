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
import type { Claims } from './messages';
import { SUBMIT_INTERRUPTED } from './messages';

/** Below the heartbeat timeout of 5 s, with room for a slow server. */
const HEARTBEAT_INTERVAL_MS = 1000;
/** Answers are told to the server so soon, where somebody waits for that. */
const TELL_INTERVAL_MS = 200;
/** The last of them are not waited for longer. */
const LAST_TOLD_MS = 1000;

/**
 * Claims, then runs `work`, which says each answer as it comes. Returns all answers.
 * @param told with answers that the server has acknowledged: from then on they stand, whatever becomes of this worker
 * @throws ApplicationFailure {@link SUBMIT_INTERRUPTED} with the claims, when it ended in any other way
 */
export async function withClaims<A>(
  claimed: unknown[],
  work: (answered: (answer: A) => void) => Promise<unknown>,
  told?: (answers: A[]) => void,
): Promise<A[]> {
  const claims: Claims<unknown, A> = { claimed: [], answered: [] };
  const context = Context.current();
  // The SDK watches for its own heartbeats only: without them it takes an activity for dead after the heartbeat timeout and drops its answer.
  const beat = (): void => context.heartbeat({ claimed: claims.claimed, answered: [...claims.answered] });
  const acknowledgedBeat = (details: Claims<unknown, A>): Promise<void> =>
    acknowledged(() => context.client.activity.heartbeat(context.info.taskToken, details));
  let toldCount = 0;
  let isTelling = false;
  const tell = async (): Promise<void> => {
    if (told === undefined || isTelling || claims.answered.length === toldCount) return;
    isTelling = true;
    try {
      const answered = [...claims.answered];
      // Or an older one that the SDK still holds back would follow.
      beat();
      await acknowledgedBeat({ claimed, answered });
      told(answered.slice(toldCount));
      toldCount = answered.length;
    } catch {
      // The server is away: later.
    } finally {
      isTelling = false;
    }
  };
  const timers: NodeJS.Timeout[] = [];
  try {
    const startedAtMs = performance.now();
    await acknowledgedBeat({ claimed, answered: [] });
    claims.claimed = claimed;
    if (performance.now() - startedAtMs > HEARTBEAT_INTERVAL_MS) beat();
    timers.push(setInterval(beat, HEARTBEAT_INTERVAL_MS));
    if (told !== undefined) timers.push(setInterval(() => void tell(), TELL_INTERVAL_MS));
    await work((answer) => claims.answered.push(answer));
    if (told !== undefined) await Promise.race([tell(), new Promise((resolve) => timers.push(setTimeout(resolve, LAST_TOLD_MS)))]);
    return claims.answered;
  } catch (err) {
    const message = err instanceof Error ? err.message : String(err);
    throw ApplicationFailure.create({ type: SUBMIT_INTERRUPTED, message, nonRetryable: true, details: [claims] });
  } finally {
    for (const timer of timers) clearInterval(timer);
  }
}

/** A request to cancel is recorded like any other beat, and a submit is not cut. Whatever else fails: nothing is sent. */
async function acknowledged(beat: () => Promise<void>): Promise<void> {
  try {
    await beat();
  } catch (err) {
    const isCancelRequest = err instanceof Error && err.name === 'ActivityCancelledError';
    if (err instanceof ActivityNotFoundError || !isCancelRequest) throw err;
  }
}
