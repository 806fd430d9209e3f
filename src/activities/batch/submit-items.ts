/**
 * Activity `submitItems`: submits items of one page, with claims (see `../claims.ts`).
 *
 * Keeps true:
 * 1. No more items are claimed at once than a connection may have requests open, whatever the number of activities: a place is given back
 *    when the server knows the answer, so that a kill leaves no more items than that of which nobody knows what became of them.
 * 2. What found no place is returned unsent and unclaimed; nobody waits for a place while holding others.
 * 3. No request is tied to the activity's cancellation: a shutdown lets it finish.
 */
import { ApplicationFailure } from '@temporalio/common';
import type { FailureDetails, StepMade } from '../../contract';
import { MAX_KEPT_ITEM_BYTES } from '../../contract';
import type { Connections } from '../../http';
import { withinBytes } from '../../lro/outcome';
import { withClaims } from '../claims';
import { listed, typedFailure } from '../failures';
import type { Identity, PreparedOperation, SubmitBody, SubmitItem } from '../messages';
import { prepareOperation } from '../prepare';
import { readyStep, titleOf } from '../prepare-chain';
import { checkChain } from '../../schema/chain';
import { send } from '../submit';
import type { ReadItem } from './item';
import type { ChunkItem, ChunkResult, ItemAbout, ItemStep, SubmitChunk } from './messages';
import type { PageItem, Pages } from './pages';

interface Ready {
  index: number;
  about: ItemAbout;
  connection: string;
  submit: SubmitItem;
}

export function makeSubmitItems(connections: Connections, pages: Pages) {
  return async function submitItems(chunk: SubmitChunk): Promise<ChunkResult[]> {
    const items = await pages.load(chunk.source, chunk.page);
    const results: ChunkResult[] = [];
    const ready: Ready[] = [];
    for (const wanted of chunk.items) {
      const prepared = prepareItem(items[wanted.index], wanted, chunk, connections);
      if ('submit' in prepared) ready.push(prepared);
      else results.push(prepared);
    }
    const places = await takePlaces(ready, connections);
    try {
      const sent = places.items.map((item) => ({ index: item.index, about: withKey(item) }));
      const answers =
        sent.length === 0
          ? []
          : await withClaims<ChunkResult>(
              sent,
              (answered) =>
                Promise.all(
                  places.items.map(async (item) => {
                    const decision = withinBytes(await send(item.submit, connections), MAX_KEPT_ITEM_BYTES);
                    answered({ index: item.index, about: decision.kind === 'uncertain' ? withKey(item) : item.about, decision });
                  }),
                ),
              (told) => places.giveBack(told.map(({ index }) => index)),
            );
      const unsent = ready.filter((item) => !places.items.includes(item)).map((item) => unsentOf(item, connections));
      return [...results, ...answers, ...unsent];
    } finally {
      places.giveBackAll();
    }
  };
}

/** What a later batch needs to send the same submit again. */
function withKey({ about, submit }: Ready): ItemAbout {
  return { ...about, idempotencyKey: submit.idempotencyKey, firstSentAtMs: submit.firstSentAtMs };
}

/** The submit of an item, or how it ends without one. */
function prepareItem(
  item: PageItem | undefined,
  wanted: ChunkItem,
  { source, nowMs }: SubmitChunk,
  connections: Connections,
): Ready | ChunkResult {
  const { index } = wanted;
  if (item === undefined) throw ApplicationFailure.nonRetryable(`there is no item ${index} on its page`);
  const { id } = item;
  if (!item.ok) {
    return {
      index,
      about: emptyAbout(id),
      decision: { kind: 'invalid', failure: { type: 'InvalidInput', message: item.mistakes.join(', ') } },
    };
  }
  const identity = { workflowId: source.workflowId, firstRunId: source.firstRunId, itemId: id, generation: item.generation };
  let due: DueOperation;
  try {
    due = item.kind === 'operation' ? dueOperation(item, connections, identity) : dueStep(item, wanted, connections, identity);
  } catch (error) {
    if (!(error instanceof ApplicationFailure)) throw error;
    const failure = error.details?.[0] as FailureDetails;
    // The step after those that are made cannot be submitted: of a chain that has begun that is an end like any other.
    return wanted.made === undefined
      ? { index, about: emptyAbout(id), decision: { kind: 'invalid', failure } }
      : { index, decision: { kind: 'failed', failure } };
  }
  const { operation, request, step, deadlineSeconds } = due;
  const { labels } = item.input;
  // An earlier batch's key is of the operation that this one begins with.
  const retried = wanted.made === undefined ? item : undefined;
  const about: ItemAbout = {
    id,
    ...(item.kind === 'operation' ? {} : { kind: item.kind }),
    title: operation.title,
    deadlineSeconds,
    onUncertainSubmit: operation.onUncertainSubmit,
    timeoutSeconds: operation.timeoutSeconds,
    ...(item.generation === 0 ? {} : { generation: item.generation }),
    ...(labels === undefined ? {} : { labels }),
    ...(operation.cancel === undefined ? {} : { cancel: operation.cancel }),
    ...(retried?.idempotencyKey === undefined ? {} : { idempotencyKey: retried.idempotencyKey }),
    ...(retried?.firstSentAtMs === undefined ? {} : { firstSentAtMs: retried.firstSentAtMs }),
    ...(step === undefined ? {} : { step }),
  };
  if (operation.attach !== undefined) {
    return { index, about, decision: { kind: 'accepted', monitor: operation.attach, waitSeconds: 0, why: 'default interval' } };
  }
  const submit = submitOf(operation, request, id, wanted, retried?.firstSentAtMs ?? wanted.firstSentAtMs ?? nowMs);
  return {
    index,
    about,
    connection: operation.connection,
    submit: { ...submit, idempotencyKey: retried?.idempotencyKey ?? submit.idempotencyKey },
  };
}

/** The operation that an item has to submit now. */
interface DueOperation {
  operation: PreparedOperation;
  request: SubmitBody;
  deadlineSeconds: number;
  /** Of a chain. */
  step?: ItemStep;
}

/** @throws ApplicationFailure when it cannot be submitted as it is */
function dueOperation(item: ReadItem, connections: Connections, identity: Identity): DueOperation {
  const { operation, value } = prepareOperation(item.input, connections, identity);
  return { operation, request: value.submit ?? {}, deadlineSeconds: operation.deadlineSeconds };
}

/** The first step of a chain that is not made yet. @throws ApplicationFailure when it cannot be submitted as it is */
function dueStep({ kind, input }: ReadItem, { made }: ChunkItem, connections: Connections, identity: Identity): DueOperation {
  const checked = checkChain(kind === 'tileset' ? 'tileset' : 'chain', input);
  if (!checked.ok) throw typedFailure({ type: 'InvalidInput', message: listed(checked.mistakes) });
  const { steps, made: given, bodiesNeeded, deadlineSeconds, cleanup } = checked.value;
  const there = { ...given, ...made };
  const [step, ...left] = steps.filter(({ id }) => !Object.hasOwn(there, id));
  if (step === undefined) throw ApplicationFailure.nonRetryable('there is no step left to submit');
  const { id, connection } = step;
  const ready = readyStep({ id, title: id, step }, there, connections, identity);
  const withoutBodies = Object.entries(given).map(([name, one]): [string, StepMade] => [name, { ...one, body: undefined }]);
  return {
    ...ready,
    deadlineSeconds,
    step: {
      id,
      connection,
      left: left.length,
      ...(left[0] !== undefined && { next: { id: left[0].id, title: titleOf(left[0]) } }),
      ...(bodiesNeeded.includes(id) && { withBody: true }),
      ...(withoutBodies.length > 0 && { given: Object.fromEntries(withoutBodies) }),
      ...(cleanup === 'onFailure' && { cleanup: true }),
    },
  };
}

function unsentOf({ index, about, connection }: Ready, connections: Connections): ChunkResult {
  const waitSeconds = Math.ceil(connections.get(connection)?.heldSeconds ?? 0);
  return { index, about, ...(waitSeconds > 0 && { waitSeconds }) };
}

function emptyAbout(id: string): ItemAbout {
  return { id, title: id, deadlineSeconds: 0, onUncertainSubmit: 'fail', timeoutSeconds: 0 };
}

function submitOf(
  operation: PreparedOperation,
  { headers, body, bodyFile }: SubmitItem['request'],
  id: string,
  { attempts, cookies }: ChunkItem,
  firstSentAtMs: number,
): SubmitItem {
  const { submit } = operation;
  if (submit === undefined) throw ApplicationFailure.nonRetryable('prepared without a submit');
  return {
    id,
    connection: operation.connection,
    method: submit.method,
    url: submit.url,
    request: { ...(headers && { headers }), ...(body !== undefined && { body }), ...(bodyFile && { bodyFile }) },
    idempotencyKey: submit.idempotencyKey,
    firstSentAtMs,
    onUncertainSubmit: operation.onUncertainSubmit,
    ...(operation.fetchResource && { fetchResource: true }),
    ...(operation.finalStateVia && { finalStateVia: operation.finalStateVia }),
    ...(attempts === undefined ? {} : { attempts }),
    ...(cookies === undefined ? {} : { cookies }),
  };
}

/** Places at connections, each given back once. */
class Places {
  private readonly open: Set<Ready>;

  constructor(
    readonly items: Ready[],
    private readonly connections: Connections,
  ) {
    this.open = new Set(items);
  }

  giveBack(indexes: readonly number[]): void {
    const given = new Set(indexes);
    for (const item of this.open) if (given.has(item.index)) this.leave(item);
  }

  giveBackAll(): void {
    for (const item of this.open) this.leave(item);
  }

  private leave(item: Ready): void {
    this.open.delete(item);
    this.connections.get(item.connection)?.leave(1);
  }
}

/** Places for as many of the items as their connections have now; waits for some at the first connection only, holding none. */
async function takePlaces(ready: Ready[], connections: Connections): Promise<Places> {
  const taken: Ready[] = [];
  for (const name of new Set(ready.map(({ connection }) => connection))) {
    const own = ready.filter(({ connection }) => connection === name);
    const connection = connections.get(name);
    if (connection === undefined || connection.heldSeconds > 0) continue;
    taken.push(...own.slice(0, await connection.enter(own.length, taken.length === 0)));
  }
  return new Places(taken, connections);
}
