/**
 * Activity `submit`: submits inputs of one page, of a batch or of a single operation or chain, with claims (see `claims.ts`).
 *
 * Keeps true:
 * 1. No more inputs are claimed at once than the connection allows concurrent requests, whatever the number of activities: a place is
 *    returned when Temporal has recorded the answer. So a killed worker leaves at most that many uncertain submits.
 * 2. Inputs without a place are returned unsent and unclaimed; no activity waits for a place while it holds others.
 * 3. No request is tied to the activity's cancellation: a shutdown lets it finish.
 * 4. What this worker's file refuses goes unsent to another worker, where one may know more.
 * 5. Claims and answers together stay below 1 MiB, whatever services answer and callers give; answers also below what the request allows.
 */
import { Context } from '@temporalio/activity';
import type { Connections } from '../http';
import { LOOKUP_PAUSE_SECONDS } from '../jobs/lookup';
import type { MaybeAccepted } from '../jobs/model';
import { packedAs, rowsOf, type Rows } from '../jobs/packing';
import type { SubmitDecision } from '../lro/monitor';
import { withinBytes } from '../lro/outcome';
import { jsonBytes } from '../lro/sizes';
import type { Json } from '../contract';
import { withClaims } from './claims';
import type { Claim, LookedUp, SentSubmits, SubmitRequest, SubmitResult } from './messages';
import { loaded } from './loaded-page';
import type { OtherWorkers } from './other-workers';
import type { Pages } from './pages';
import { Places } from './places';
import { prepareSubmit, type ReadySubmit, type UnsentSubmit } from './prepare-submit';
import { AnswerSizes, ResultRoom } from './result-room';
import { send } from './send-submit';
import { withFreeFiles } from './free-files';
import { shortDecision } from './short-decision';

/** Of all that one activity claims, and of all that it returns: both together stay below 1 MiB, for heartbeats carry both. */
const MAX_CLAIM_BYTES = 131_072;
const MAX_RESULT_BYTES = 884_736;
/** Of what is said of submits that were not sent. */
const MAX_UNSENT_BYTES = 65_536;

/** A decision without what can be left out of it (`short-decision.ts`): a status URL and one for the final GET, as long as they may be. */
const SHORT_DECISION_BYTES = 40_960;

export function makeSubmit(connections: Connections, pages: Pages, others: OtherWorkers) {
  const sizes = new AnswerSizes(SHORT_DECISION_BYTES);
  const submitAll = async (request: SubmitRequest, isPacked: boolean): Promise<SubmitResult[]> => {
    const items = await loaded(request, pages, others);
    if (!Array.isArray(items)) return request.items.map(({ index }) => ({ index, waitSeconds: LOOKUP_PAUSE_SECONDS, ...items }));
    const results: SubmitResult[] = [];
    const ready: ReadySubmit[] = [];
    const maxBytes = Math.min(request.maxAnswerBytes ?? Infinity, MAX_RESULT_BYTES);
    let bytes = 0;
    const { workflowId } = Context.current().info.workflowExecution ?? {};
    const all = request.items.map((wanted) => prepareSubmit(items[wanted.index], wanted, request, connections, workflowId));
    // Of a workflow's own operation its first activity has looked.
    for (const prepared of 'single' in request.page ? all : await withFreeFiles(all, request.items, connections)) {
      if ('send' in prepared && !isLookedForFirst(prepared, connections)) {
        ready.push(prepared);
        continue;
      }
      const result =
        'send' in prepared
          ? answerOf(prepared, OF_AN_EARLIER_BATCH)
          : await unsentOrElsewhere(prepared, request.lookups?.[prepared.result.index], others);
      const more = bytesOf(result);
      const fits = results.length === 0 || bytes + more <= maxBytes / 2;
      // What does not fit is looked at again.
      results.push(fits ? result : { index: result.index });
      bytes += fits ? more : 0;
    }
    const places = await Places.enter(withinClaims(ready), connections);
    try {
      const room = new ResultRoom(maxBytes - bytes);
      const answers = await sendAll({ places, room, request, isPacked }, sizes, connections, others);
      const answered = new Set(answers.map(({ index }) => index));
      const unsent = ready.filter(({ index }) => !answered.has(index)).map((item) => unsentOf(item, connections));
      return [...results, ...answers, ...withoutLongNames(unsent)];
    } finally {
      places.giveBackAll();
    }
  };
  return async function submit(sent: SentSubmits): Promise<Rows<SubmitResult>> {
    const results = await submitAll(plain(sent), !Array.isArray(sent.items));
    return packedAs(sent.items, results);
  };
}

/** The request with all its items. */
function plain({ page, ...sent }: SentSubmits): SubmitRequest {
  return { ...sent, items: rowsOf(sent.items), page: 'items' in page ? { ...page, items: rowsOf(page.items) } : page };
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

/** What one activity sends. */
interface Sending {
  places: Places;
  room: ResultRoom;
  request: SubmitRequest;
  /** Whether its claims are. */
  isPacked: boolean;
}

async function sendAll(
  { places, room, request: { maxKeptBytes, lookups }, isPacked }: Sending,
  sizes: AnswerSizes,
  connections: Connections,
  others: OtherWorkers,
): Promise<SubmitResult[]> {
  const { items } = places;
  if (items.length === 0) return [];
  const work = (answered: (answer: SubmitResult) => void): Promise<unknown> =>
    Promise.all(
      items.map(async (item) => {
        const { connection, request } = item.send;
        const ownBytes = bytesOf([item.about, request.headers ?? null]);
        const reserved = await room.reserve(() => ownBytes + sizes.expected(connection));
        if (reserved === undefined) return;
        const { decision: whole, dependsOnFile } = await send(item.send, connections);
        const decision = withinBytes(whole, maxKeptBytes);
        const answer = await unsentOrElsewhere({ result: answerOf(item, decision), dependsOnFile }, lookups?.[item.index], others);
        const bytes = bytesOf(answer);
        sizes.learn(connection, bytes - ownBytes);
        const short = answer.decision === undefined ? answer : answerOf(item, shortDecision(decision));
        const fit = await room.settle(reserved, bytes, () => bytesOf(short));
        if (fit !== 'whole' && fit !== 'short') connections.get(connection)?.meter.uncertain();
        answered(fit === 'whole' ? answer : fit === 'short' ? short : answerOf(item, NO_ROOM));
      }),
    );
  // A single submit keeps its place until the activity ends.
  const acknowledged = items.length === 1 ? undefined : (answers: SubmitResult[]) => places.giveBack(answers.map(({ index }) => index));
  return withClaims(items.map(claimOf), work, { isPacked, acknowledged });
}

/** Whether an earlier batch may have had it accepted, and what there is of it can be looked for before it is sent again. */
function isLookedForFirst(
  { retried, send: { connection, wasLookedFor, onUncertainSubmit, tries } }: ReadySubmit,
  connections: Connections,
): boolean {
  const find = connections.get(connection)?.protocol.find;
  if (retried === undefined || find === undefined || wasLookedFor === true || tries > 0) return false;
  // Whoever retries what may be sent once wants it sent, where looking proves nothing.
  return onUncertainSubmit === 'retry' || find.absenceIsProof;
}

const OF_AN_EARLIER_BATCH: SubmitDecision = {
  kind: 'uncertain',
  waitSeconds: 0,
  why: 'backoff',
  trouble: { message: 'an earlier batch did not learn whether the service had accepted it', kind: 'Uncertain' },
};

/** It has come, and what it says cannot be kept. A few hundred bytes, which the limit leaves. */
const NO_ROOM: SubmitDecision = {
  kind: 'uncertain',
  waitSeconds: 5,
  why: 'backoff',
  trouble: { message: 'the answer was longer than any before, and had no room beside those to other submits' },
};

function answerOf(item: ReadySubmit, decision: SubmitDecision): SubmitResult {
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

function unsentOf({ index, about, send: submit, retried }: ReadySubmit, connections: Connections): SubmitResult {
  const held = connections.get(submit.connection)?.heldBack(submit.idempotencyKey, submit.waitsUnauthorized);
  if (held === undefined) return { index, about, maybeAccepted: retried };
  const trouble = { message: held.reason, kind: held.kind };
  return { index, about, maybeAccepted: retried, waitSeconds: Math.ceil(held.waitSeconds), trouble };
}

/** What is known of unsent submits is helpful only: names, and what their chains were given. */
function withoutLongNames(unsent: readonly SubmitResult[]): SubmitResult[] {
  let bytes = 0;
  return unsent.map((result) => {
    bytes += bytesOf(result);
    return bytes <= MAX_UNSENT_BYTES ? result : { ...result, about: undefined };
  });
}

function bytesOf(value: unknown): number {
  return jsonBytes(value as Json) ?? Infinity;
}
