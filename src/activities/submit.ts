/**
 * Activity `submit`: submits inputs of one page, of a batch or of a single operation or chain, with claims (see `claims.ts`).
 *
 * Keeps true:
 * 1. No more inputs are claimed at once than the connection allows concurrent requests, whatever the number of activities: a place is
 *    returned when Temporal has recorded the answer. So a killed worker leaves at most that many uncertain submits.
 * 2. Inputs without a place are returned unsent and unclaimed; no activity waits for a place while it holds others.
 * 3. No request is tied to the activity's cancellation: a shutdown lets it finish.
 * 4. Claims and answers together stay below {@link MAX_RESULT_BYTES}, whatever services answer.
 */
import type { Connections } from '../http';
import type { MaybeAccepted } from '../jobs/model';
import type { SubmitDecision } from '../lro/monitor';
import { withinBytes } from '../lro/outcome';
import { jsonBytes } from '../lro/sizes';
import type { Json } from '../contract';
import { withClaims } from './claims';
import type { Claim, SubmitRequest, SubmitResult } from './messages';
import type { Pages } from './pages';
import { Places } from './places';
import { prepareSubmit, type ReadySubmit } from './prepare-submit';
import { AnswerSizes, ResultRoom } from './result-room';
import { send } from './send-submit';
import { shortDecision } from './short-decision';

/** Of all that one activity claims, and of all that it returns: both together stay below 1 MiB, for heartbeats carry both. */
const MAX_CLAIM_BYTES = 131_072;
const MAX_RESULT_BYTES = 884_736;

/** A decision without what can be left out of it (`short-decision.ts`): a status URL and one for the final GET, as long as they may be. */
const SHORT_DECISION_BYTES = 40_960;

export function makeSubmit(connections: Connections, pages: Pages) {
  const sizes = new AnswerSizes(SHORT_DECISION_BYTES);
  return async function submit(request: SubmitRequest): Promise<SubmitResult[]> {
    const items = await pages.load(request.source, request.page);
    const results: SubmitResult[] = [];
    const ready: ReadySubmit[] = [];
    for (const wanted of request.items) {
      const prepared = prepareSubmit(items[wanted.index], wanted, request, connections);
      if ('send' in prepared) ready.push(prepared);
      else results.push(prepared);
    }
    const places = await Places.enter(withinClaims(ready), connections);
    try {
      const answers = await sendAll(places, request.maxKeptBytes, sizes, connections);
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
    bytes += bytesOf(claimOf(item));
    return bytes <= MAX_CLAIM_BYTES || position === 0;
  });
}

async function sendAll(places: Places, maxKeptBytes: number, sizes: AnswerSizes, connections: Connections): Promise<SubmitResult[]> {
  const { items } = places;
  if (items.length === 0) return [];
  const room = new ResultRoom(MAX_RESULT_BYTES);
  const work = (answered: (answer: SubmitResult) => void): Promise<unknown> =>
    Promise.all(
      items.map(async (item) => {
        const { connection, request } = item.send;
        const ownBytes = bytesOf([item.about, request.headers ?? null]);
        const reserved = await room.reserve(() => ownBytes + sizes.expected(connection));
        if (reserved === undefined) return;
        const answer = answerOf(item, withinBytes(await send(item.send, connections), maxKeptBytes));
        const bytes = bytesOf(answer);
        sizes.learn(connection, bytes - ownBytes);
        const short = answerOf(item, shortDecision(answer.decision));
        const fit = await room.settle(reserved, bytes, () => bytesOf(short));
        answered(fit === 'whole' ? answer : fit === 'short' ? short : answerOf(item, NO_ROOM));
      }),
    );
  // A single submit keeps its place until the activity ends.
  const acknowledged = items.length === 1 ? undefined : (answers: SubmitResult[]) => places.giveBack(answers.map(({ index }) => index));
  return withClaims(items.map(claimOf), work, acknowledged);
}

/** It has come, and what it says cannot be kept. A few hundred bytes, which the limit leaves. */
const NO_ROOM: SubmitDecision = {
  kind: 'uncertain',
  waitSeconds: 5,
  why: 'backoff',
  trouble: { message: 'the answer was longer than any before, and had no room beside those to other submits' },
};

function answerOf(item: ReadySubmit, decision: SubmitDecision): SubmitResult & { decision: SubmitDecision } {
  const { index, about, retried, send: submit } = item;
  const maybeAccepted = decision.kind === 'uncertain' ? keyOf(item) : retried;
  return { index, about, decision, firstSentAtMs: submit.firstSentAtMs, maybeAccepted };
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
