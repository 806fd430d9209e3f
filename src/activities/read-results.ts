/**
 * Activity `readResults`: reads the results of operations that have succeeded: by the final GET, and the resource itself.
 */
import type { Connections } from '../http';
import { RequestRefusedError } from '../http';
import type { Exchange } from '../lro/answer';
import type { FetchDecision } from '../lro/fetch';
import { decideFetch } from '../lro/fetch';
import type { Fetch } from '../lro/monitor';
import { withinBytes } from '../lro/outcome';
import { withinAnswerBudget } from './answer-budget';
import { withHeartbeat } from './heartbeat';
import { logCap } from './log-cap';
import type { AskOptions, ReadRequest, ReadResult } from './messages';

const CONCURRENCY = 10;

export function makeReadResults(connections: Connections) {
  return function readResults(requests: ReadRequest[], { maxKeptBytes, concurrency = CONCURRENCY }: AskOptions): Promise<ReadResult[]> {
    const readWithin = async ({ fetch }: ReadRequest): Promise<FetchDecision> => withinBytes(await read(fetch, connections), maxKeptBytes);
    return withHeartbeat(() => withinAnswerBudget(requests, concurrency, readWithin, () => undefined));
  };
}

async function read(fetch: Fetch, connections: Connections): Promise<FetchDecision> {
  const connection = connections.get(fetch.connection);
  if (connection === undefined) return { kind: 'missing', reason: `connection "${fetch.connection}" is not in this worker's file` };
  let exchange: Exchange;
  try {
    exchange = await connection.exchange({
      purpose: 'resource',
      method: 'GET',
      url: fetch.url,
      headers: fetch.headers,
      cookies: fetch.cookies,
    });
  } catch (err) {
    if (err instanceof RequestRefusedError) return { kind: 'missing', reason: err.message };
    throw err;
  }
  const decision = decideFetch(exchange, fetch, connection.protocol, Date.now(), Math.random());
  logCap(decision, fetch.connection);
  return decision;
}
