/**
 * Activity `readResults`: reads the results of operations that have succeeded: by the final GET, and the resource itself.
 */
import { Context } from '@temporalio/activity';
import type { Connections } from '../http';
import { RequestRefusedError } from '../http';
import type { Exchange } from '../lro/answer';
import type { FetchDecision } from '../lro/fetch';
import { decideFetch, isRead } from '../lro/fetch';
import type { Fetch } from '../lro/monitor';
import { withinBytes } from '../lro/outcome';
import { withinAnswerBudget } from './answer-budget';
import { withHeartbeat } from './heartbeat';
import { logCap } from './log-cap';
import type { AskOptions, Elsewhere, LookedUp, ReadRequest, ReadResult } from './messages';
import { mayNotWrite, type OtherWorkers } from './other-workers';
import { ResultBody } from './result-body';
import { temporalNowMs } from './temporal-clock';

const CONCURRENCY = 10;

export function makeReadResults(connections: Connections, others: OtherWorkers) {
  return function readResults(
    requests: ReadRequest[],
    { maxKeptBytes, concurrency = CONCURRENCY, lookups }: AskOptions,
  ): Promise<ReadResult[]> {
    const readWithin = async ({ id, fetch }: ReadRequest): Promise<FetchDecision | Elsewhere> => {
      const decision = await readOrElsewhere(fetch, lookups?.[id], connections, others);
      return 'elsewhere' in decision ? decision : withinBytes(decision, maxKeptBytes);
    };
    return withHeartbeat(() => withinAnswerBudget(requests, concurrency, readWithin, () => undefined));
  };
}

/** What this worker's file does not let it read, another worker is to read, where one may. */
async function readOrElsewhere(
  fetch: Fetch,
  lookedUp: LookedUp | undefined,
  connections: Connections,
  others: OtherWorkers,
): Promise<FetchDecision | Elsewhere> {
  if (await mayNotWrite(fetch.file, connections.files)) {
    const elsewhere = await others.elsewhere(lookedUp);
    if (elsewhere !== undefined) return elsewhere;
  }
  const decision = await read(fetch, connections);
  if (!('unread' in decision)) return decision;
  const elsewhere = await others.elsewhere(lookedUp);
  return elsewhere ?? { kind: 'missing', reason: `${decision.unread}; ${others.whereLooked(lookedUp)}` };
}

/** Of one body that goes to a file, from its first byte to its last. */
const FILE_SECONDS = 6 * 3600;

/** @returns `unread`: why this worker's file does not let it be read */
async function read(fetch: Fetch, connections: Connections): Promise<FetchDecision | { unread: string }> {
  const connection = connections.get(fetch.connection);
  if (connection === undefined) return { unread: `connection "${fetch.connection}" is not in this worker's file` };
  const { cancellationSignal } = Context.current();
  const file =
    fetch.file &&
    new ResultBody({
      files: connections.files,
      target: fetch.file,
      contentOf: ({ httpStatus, body }) => (isRead(httpStatus) && body.cutBy !== 'connection' ? { kind: 'body' } : undefined),
      signal: AbortSignal.any([cancellationSignal, AbortSignal.timeout(FILE_SECONDS * 1000)]),
      untilSilent: true,
    });
  const metered = connection.meter.begin('fetch');
  let exchange: Exchange;
  try {
    exchange = await connection.exchange({
      purpose: 'resource',
      method: 'GET',
      url: fetch.url,
      headers: fetch.headers,
      cookies: fetch.cookies,
      namedByService: fetch.namedByService,
      bodyTo: file?.target,
      queueSeconds: file && FILE_SECONDS,
      onTurn: metered.leaves,
    });
  } catch (err) {
    if (err instanceof RequestRefusedError) return { unread: err.message };
    throw err;
  }
  if (exchange.kind === 'untrusted') return { unread: `refused: ${exchange.reason}` };
  // A worker that shuts down has not tried: another goes on.
  if (file?.written?.kind === 'failed' && cancellationSignal.aborted) throw new Error('the worker shuts down');
  const decision = decideFetch(exchange, fetch, connection.protocol, temporalNowMs(), Math.random(), file?.written);
  // Where it was to be kept, what could not be written says nothing about the answer.
  const isUnreadable = decision.kind !== 'fetched' && file === undefined && exchange.kind === 'answer' && exchange.httpStatus < 400;
  metered.answered(exchange, isUnreadable ? 'Unreadable' : undefined);
  logCap(decision, fetch.connection);
  return decision;
}
