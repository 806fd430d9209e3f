/**
 * Claims of an activity that submits.
 *
 * Keeps true:
 * 1. Before a request goes out, the server has acknowledged a heartbeat that claims it. So when the activity dies, whoever reads its
 *    last heartbeat knows of every item: answered, claimed (it may have been sent), or provably never sent.
 * 2. An activity claims once, and sends no heartbeat before: later heartbeats may arrive in any order, and all of them contain the claim.
 * 3. Every claimed item is in the result or in the failure's details; a failure after the claim loses none.
 */
import { Context } from '@temporalio/activity';
import { ActivityNotFoundError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { packed } from '../jobs/packing';
import type { Claim, Claims, SubmitResult } from './messages';
import { SUBMIT_INTERRUPTED } from './messages';

/** Below the heartbeat timeout of 5 s, with room for a slow server. */
const HEARTBEAT_INTERVAL_MS = 1000;
/** How often answers are sent to the server when `acknowledged` is given. */
const REPORT_INTERVAL_MS = 200;
/** Longest wait for the last of these reports. */
const LAST_REPORT_MS = 1000;

/**
 * Claims, then runs `work`, which passes on each answer as it comes. Returns all answers.
 * @param isPacked whether who reads the claims understands packed ones
 * @param acknowledged called with answers that the server has acknowledged: they are kept even if this worker dies
 * @throws ApplicationFailure {@link SUBMIT_INTERRUPTED} with the claims, when it ended in any other way
 */
export async function withClaims(
  claimed: Claim[],
  work: (answered: (answer: SubmitResult) => void) => Promise<unknown>,
  { isPacked = false, acknowledged }: { isPacked?: boolean; acknowledged?: ((answers: SubmitResult[]) => void) | undefined } = {},
): Promise<SubmitResult[]> {
  const answered: SubmitResult[] = [];
  const written = isPacked ? packed(claimed) : claimed;
  let isClaimed = false;
  /** As they stand now. */
  const claims = (): Claims => ({ claimed: isClaimed ? written : [], answered: isPacked ? packed([...answered]) : [...answered] });
  const context = Context.current();
  // The SDK knows only heartbeats that it sent itself: without them it counts the activity as timed out and drops its result.
  const beat = (): void => context.heartbeat(claims());
  const acknowledgedBeat = (details: Claims): Promise<void> =>
    heartbeatOrThrow(() => context.client.activity.heartbeat(context.info.taskToken, details));
  let acknowledgedCount = 0;
  let isReporting = false;
  const report = async (): Promise<void> => {
    if (acknowledged === undefined || isReporting || answered.length === acknowledgedCount) return;
    isReporting = true;
    try {
      const count = answered.length;
      const details = claims();
      // The SDK may hold back an older heartbeat, which would follow this one: replace it.
      context.heartbeat(details);
      await acknowledgedBeat(details);
      acknowledged(answered.slice(acknowledgedCount, count));
      acknowledgedCount = count;
    } catch {
      // The server cannot be reached: the next report repeats it.
    } finally {
      isReporting = false;
    }
  };
  const timers: NodeJS.Timeout[] = [];
  try {
    const startedAtMs = performance.now();
    await acknowledgedBeat({ claimed: written, answered: [] });
    isClaimed = true;
    if (performance.now() - startedAtMs > HEARTBEAT_INTERVAL_MS) beat();
    timers.push(setInterval(beat, HEARTBEAT_INTERVAL_MS));
    if (acknowledged !== undefined) timers.push(setInterval(() => void report(), REPORT_INTERVAL_MS));
    await work((answer) => answered.push(answer));
    if (acknowledged !== undefined)
      await Promise.race([report(), new Promise((resolve) => timers.push(setTimeout(resolve, LAST_REPORT_MS)))]);
    return answered;
  } catch (err) {
    // The exception's message may contain a secret.
    const message = `the submit was interrupted (${err instanceof Error ? err.name : 'exception'})`;
    throw ApplicationFailure.create({ type: SUBMIT_INTERRUPTED, message, nonRetryable: true, details: [claims()] });
  } finally {
    for (const timer of timers) clearInterval(timer);
  }
}

/** A heartbeat that is answered with a cancel request is recorded all the same. After any other failure nothing may be sent. */
async function heartbeatOrThrow(beat: () => Promise<void>): Promise<void> {
  try {
    await beat();
  } catch (err) {
    const isCancelRequest = err instanceof Error && err.name === 'ActivityCancelledError';
    if (err instanceof ActivityNotFoundError || !isCancelRequest) throw err;
  }
}
