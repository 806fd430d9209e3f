/**
 * Activity `submit`: submits inputs of one page, of a batch or of a single operation or chain, with claims (see `claims.ts`).
 *
 * Keeps true:
 * 1. No more inputs are claimed at once than the connection allows concurrent requests, whatever the number of activities: a place is
 *    returned when Temporal has recorded the answer. So a killed worker leaves at most that many uncertain submits.
 * 2. Inputs without a place are returned unsent and unclaimed; no activity waits for a place while it holds others.
 * 3. No request is tied to the activity's cancellation: a shutdown lets it finish.
 * 4. What this worker's file refuses goes unsent to another worker, where one may know more.
 * 5. Claims and answers together stay below {@link MAX_RESULT_BYTES}, whatever services answer.
 */
import type { Connections } from '../http';
import { LOOKUP_PAUSE_SECONDS } from '../jobs/lookup';
import type { MaybeAccepted } from '../jobs/model';
import { withinBytes } from '../lro/outcome';
import { jsonBytes } from '../lro/sizes';
import type { FailureDetails, Json } from '../contract';
import { ByteBudget } from './answer-budget';
import { withClaims } from './claims';
import { isFileDependent, typedFailure } from './failures';
import type { Claim, Elsewhere, LookedUp, SubmitRequest, SubmitResult } from './messages';
import type { OtherWorkers } from './other-workers';
import type { PageItem, Pages } from './pages';
import { Places } from './places';
import { prepareSubmit, type ReadySubmit, type UnsentSubmit } from './prepare-submit';
import { send } from './send-submit';
import { shortDecision } from './short-decision';

/** Of all that one activity claims, and of all that it returns: both together stay below 1 MiB, for heartbeats carry both. */
const MAX_CLAIM_BYTES = 131_072;
const MAX_RESULT_BYTES = 884_736;

/** A decision without what can be left out of it (`short-decision.ts`): a status URL and one for the final GET, as long as they may be. */
const SHORT_DECISION_BYTES = 40_960;

export function makeSubmit(connections: Connections, pages: Pages, others: OtherWorkers) {
  return async function submit(request: SubmitRequest): Promise<SubmitResult[]> {
    const items = await loaded(request, pages, others);
    if (!Array.isArray(items)) return request.items.map(({ index }) => ({ index, waitSeconds: LOOKUP_PAUSE_SECONDS, ...items }));
    const results: SubmitResult[] = [];
    const ready: ReadySubmit[] = [];
    for (const wanted of request.items) {
      const prepared = prepareSubmit(items[wanted.index], wanted, request, connections);
      if ('send' in prepared) ready.push(prepared);
      else results.push(await unsentOrElsewhere(prepared, request.lookups?.[wanted.index], others));
    }
    const places = await Places.enter(withinClaims(ready), connections);
    try {
      const answers = await sendAll(places, request, connections, others);
      const answered = new Set(answers.map(({ index }) => index));
      const unsent = ready.filter(({ index }) => !answered.has(index)).map((item) => unsentOf(item, connections));
      return [...results, ...answers, ...unsent];
    } finally {
      places.giveBackAll();
    }
  };
}

/** The items of the page. @throws ApplicationFailure as `pages.load` does, where no other worker is to be asked */
async function loaded({ source, page, lookups }: SubmitRequest, pages: Pages, others: OtherWorkers): Promise<PageItem[] | Elsewhere> {
  try {
    return await pages.load(source, page);
  } catch (error) {
    if (!isFileDependent(error)) throw error;
    // All of the page are looked for together.
    const lookedUp = Object.values(lookups ?? {})[0];
    const elsewhere = await others.elsewhere(lookedUp);
    if (elsewhere !== undefined) return elsewhere;
    throw typedFailure(others.told(error.details?.[0] as FailureDetails, lookedUp));
  }
}

/** A decision that this worker's file makes is final where no other worker is to be asked. */
async function unsentOrElsewhere(
  { result, dependsOnFile }: UnsentSubmit,
  lookedUp: LookedUp | undefined,
  others: OtherWorkers,
): Promise<SubmitResult> {
  const { index, decision } = result;
  if (dependsOnFile !== true || (decision?.kind !== 'failed' && decision?.kind !== 'invalid')) return result;
  const elsewhere = await others.elsewhere(lookedUp);
  if (elsewhere !== undefined) return { index, waitSeconds: LOOKUP_PAUSE_SECONDS, ...elsewhere };
  return { ...result, decision: { ...decision, failure: others.told(decision.failure, lookedUp) } };
}

/** As many as fit into one heartbeat. */
function withinClaims(ready: readonly ReadySubmit[]): ReadySubmit[] {
  let bytes = 0;
  return ready.filter((item, position) => {
    bytes += bytesOf(claimOf(item));
    return bytes <= MAX_CLAIM_BYTES || position === 0;
  });
}

async function sendAll(
  places: Places,
  { maxKeptBytes, lookups }: SubmitRequest,
  connections: Connections,
  others: OtherWorkers,
): Promise<SubmitResult[]> {
  const { items } = places;
  if (items.length === 0) return [];
  const budget = new ByteBudget(MAX_RESULT_BYTES);
  const work = (answered: (answer: SubmitResult) => void): Promise<unknown> =>
    Promise.all(
      items.map(async (item) => {
        const { index, about, send: submit } = item;
        const reserved = SHORT_DECISION_BYTES + bytesOf([about, submit.request.headers ?? null]);
        if (!(await budget.reserve(reserved))) return;
        const { decision: whole, dependsOnFile } = await send(submit, connections);
        const decision = withinBytes(whole, maxKeptBytes);
        const maybeAccepted = decision.kind === 'uncertain' ? keyOf(item) : item.retried;
        const sent = { index, about, decision, firstSentAtMs: submit.firstSentAtMs, maybeAccepted };
        const answer = await unsentOrElsewhere({ result: sent, dependsOnFile }, lookups?.[index], others);
        const isLong = budget.settle(reserved, bytesOf(answer)) === 'short';
        answered(isLong && answer.decision !== undefined ? { ...answer, decision: shortDecision(decision) } : answer);
      }),
    );
  // A single submit keeps its place until the activity ends.
  const acknowledged = items.length === 1 ? undefined : (answers: SubmitResult[]) => places.giveBack(answers.map(({ index }) => index));
  return withClaims(items.map(claimOf), work, acknowledged);
}

/** What a later try needs to send the same submit again. */
function keyOf({ send: { idempotencyKey, firstSentAtMs } }: ReadySubmit): MaybeAccepted {
  return { idempotencyKey, firstSentAtMs };
}

function claimOf(item: ReadySubmit): Claim {
  return { index: item.index, about: item.about, maybeAccepted: keyOf(item) };
}

function unsentOf({ index, about, send: { connection, idempotencyKey }, retried }: ReadySubmit, connections: Connections): SubmitResult {
  const held = connections.get(connection)?.heldBack(idempotencyKey);
  if (held === undefined) return { index, about, maybeAccepted: retried };
  const trouble = { message: held.reason, kind: 'Throttled' as const };
  return { index, about, maybeAccepted: retried, waitSeconds: Math.ceil(held.waitSeconds), trouble };
}

function bytesOf(value: unknown): number {
  return jsonBytes(value as Json) ?? Infinity;
}
