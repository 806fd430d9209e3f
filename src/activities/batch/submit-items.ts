/**
 * Activity `submitItems`: submits items of one page, with claims (see `../claims.ts`).
 *
 * Keeps true:
 * 1. No more items are claimed at once than a connection may have requests open, whatever the number of activities.
 * 2. What found no place is returned unsent and unclaimed; nobody waits for a place while holding others.
 * 3. No request is tied to the activity's cancellation: a shutdown lets it finish.
 */
import { ApplicationFailure } from '@temporalio/common';
import type { FailureDetails } from '../../contract';
import { MAX_KEPT_ITEM_BYTES } from '../../contract';
import type { Connections } from '../../http';
import { withinBytes } from '../../lro/outcome';
import { withClaims } from '../claims';
import type { PreparedOperation, SubmitItem } from '../messages';
import { prepareOperation } from '../prepare';
import { send } from '../submit';
import type { ChunkItem, ChunkResult, ItemAbout, SubmitChunk } from './messages';
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
          : await withClaims<ChunkResult>(sent, (answered) =>
              Promise.all(
                places.items.map(async (item) => {
                  const decision = withinBytes(await send(item.submit, connections), MAX_KEPT_ITEM_BYTES);
                  places.giveBack(item);
                  answered({ index: item.index, about: decision.kind === 'uncertain' ? withKey(item) : item.about, decision });
                }),
              ),
            );
      const unsent = ready.filter((item) => !places.items.includes(item)).map(({ index, about }) => ({ index, about }));
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
  let prepared: ReturnType<typeof prepareOperation>;
  try {
    prepared = prepareOperation(item.input, connections, identity);
  } catch (error) {
    if (!(error instanceof ApplicationFailure)) throw error;
    return { index, about: emptyAbout(id), decision: { kind: 'invalid', failure: error.details?.[0] as FailureDetails } };
  }
  const { operation, value } = prepared;
  const about: ItemAbout = {
    id,
    title: operation.title,
    deadlineSeconds: operation.deadlineSeconds,
    onUncertainSubmit: operation.onUncertainSubmit,
    timeoutSeconds: operation.timeoutSeconds,
    ...(item.generation === 0 ? {} : { generation: item.generation }),
    ...(value.labels === undefined ? {} : { labels: value.labels }),
    ...(operation.cancel === undefined ? {} : { cancel: operation.cancel }),
    ...(item.idempotencyKey === undefined ? {} : { idempotencyKey: item.idempotencyKey }),
    ...(item.firstSentAtMs === undefined ? {} : { firstSentAtMs: item.firstSentAtMs }),
  };
  if (operation.attach !== undefined) {
    return { index, about, decision: { kind: 'accepted', monitor: operation.attach, waitSeconds: 0, why: 'default interval' } };
  }
  const submit = submitOf(operation, value.submit ?? {}, id, wanted, item.firstSentAtMs ?? wanted.firstSentAtMs ?? nowMs);
  return {
    index,
    about,
    connection: operation.connection,
    submit: { ...submit, idempotencyKey: item.idempotencyKey ?? submit.idempotencyKey },
  };
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

  giveBack(item: Ready): void {
    if (this.open.delete(item)) this.connections.get(item.connection)?.leave(1);
  }

  giveBackAll(): void {
    for (const item of this.open) this.giveBack(item);
  }
}

/** Places for as many of the items as their connections have now; waits for some at the first connection only, holding none. */
async function takePlaces(ready: Ready[], connections: Connections): Promise<Places> {
  const taken: Ready[] = [];
  for (const name of new Set(ready.map(({ connection }) => connection))) {
    const own = ready.filter(({ connection }) => connection === name);
    const connection = connections.get(name);
    if (connection === undefined) continue;
    taken.push(...own.slice(0, await connection.enter(own.length, taken.length === 0)));
  }
  return new Places(taken, connections);
}
