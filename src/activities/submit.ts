/**
 * Activity `submit`: submits inputs of one page, of a batch or of a workflow of its own, with claims (see `claims.ts`).
 *
 * Keeps true:
 * 1. No more inputs are claimed at once than a connection may have requests open, whatever the number of activities: a place is given back
 *    when the server knows the answer, so that a kill leaves no more inputs than that of which nobody knows what became of them.
 * 2. What found no place is returned unsent and unclaimed; nobody waits for a place while holding others.
 * 3. No request is tied to the activity's cancellation: a shutdown lets it finish.
 * 4. Claims and answers together stay below {@link MAX_RESULT_BYTES}, whatever services answer.
 */
import type { Connections } from '../http';
import type { MaybeAccepted } from '../jobs/model';
import { withinBytes } from '../lro/outcome';
import { jsonBytes } from '../lro/sizes';
import type { Json } from '../contract';
import { ByteBudget } from './answer-budget';
import { withClaims } from './claims';
import type { Claim, SubmitRequest, SubmitResult } from './messages';
import type { Pages } from './pages';
import { Places } from './places';
import { prepareSubmit, type ReadySubmit } from './prepare-submit';
import { send } from './send-submit';

/** Of all that one activity claims, and of all that it returns. With the bytes around them both stay below 1 MiB. */
const MAX_CLAIM_BYTES = 262_144;
const MAX_RESULT_BYTES = 655_360;

/** The longest decision besides what is kept of bodies: status and final URL, cookies, the resource's location. */
const MAX_DECISION_BYTES = 65_536;

export function makeSubmit(connections: Connections, pages: Pages) {
  return async function submit(request: SubmitRequest): Promise<SubmitResult[]> {
    const items = await pages.load(request.source, request.page);
    const results: SubmitResult[] = [];
    const ready: ReadySubmit[] = [];
    for (const wanted of request.items) {
      const prepared = prepareSubmit(items[wanted.index], wanted, request, connections);
      if ('send' in prepared) ready.push(prepared);
      else results.push(prepared);
    }
    const places = await Places.take(withinClaims(ready), connections);
    try {
      const answers = await sendAll(places, request.maxKeptBytes, connections);
      const answered = new Set(answers.map(({ index }) => index));
      const unsent = ready.filter(({ index }) => !answered.has(index)).map((item) => unsentOf(item, connections));
      return [...results, ...answers, ...unsent];
    } finally {
      places.giveBackAll();
    }
  };
}

/** As many as fit into one heartbeat. */
function withinClaims(ready: readonly ReadySubmit[]): ReadySubmit[] {
  let bytes = 0;
  return ready.filter((item, position) => {
    bytes += jsonBytes(claimOf(item) as unknown as Json) ?? Infinity;
    return bytes <= MAX_CLAIM_BYTES || position === 0;
  });
}

async function sendAll(places: Places, maxKeptBytes: number, connections: Connections): Promise<SubmitResult[]> {
  const { items } = places;
  if (items.length === 0) return [];
  const budget = new ByteBudget(MAX_RESULT_BYTES);
  const work = (answered: (answer: SubmitResult) => void): Promise<unknown> =>
    Promise.all(
      items.map(async (item) => {
        const reserved =
          MAX_DECISION_BYTES + 3 * maxKeptBytes + (jsonBytes([item.about, item.send.request.headers ?? null] as unknown as Json) ?? 0);
        if (!(await budget.reserve(reserved))) return;
        const decision = withinBytes(await send(item.send, connections), maxKeptBytes);
        const maybeAccepted = decision.kind === 'uncertain' ? keyOf(item) : item.retried;
        const answer: SubmitResult = {
          index: item.index,
          about: item.about,
          decision,
          firstSentAtMs: item.send.firstSentAtMs,
          maybeAccepted,
        };
        budget.settle(reserved, jsonBytes(answer as unknown as Json) ?? reserved);
        answered(answer);
      }),
    );
  // A single one has its place until the activity ends.
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
