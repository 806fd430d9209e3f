/**
 * Activity `submit`: sends submits, with claims (see `claims.ts`).
 *
 * Keeps true: no request is tied to the activity's cancellation: a shutdown lets it finish.
 */
import { FileRefusedError } from '../files';
import type { Connections } from '../http';
import { RequestRefusedError } from '../http';
import { idempotencyHeaders } from '../lro/idempotency';
import type { SubmitContext, SubmitDecision } from '../lro/monitor';
import { withinBytes } from '../lro/outcome';
import { decideSubmit } from '../lro/submit';
import { wellFormed } from '../lro/text';
import { submitMistakes } from '../schema/allow';
import { audit, outcomeOf } from './audit';
import { withClaims } from './claims';
import { listed } from './failures';
import { logCap } from './log-cap';
import type { SubmitItem, SubmitResult } from './messages';

export function makeSubmit(connections: Connections) {
  return function submit(items: SubmitItem[]): Promise<SubmitResult[]> {
    return withClaims<SubmitResult>(
      items.map(({ id }) => id),
      (answered) => Promise.all(items.map(async (item) => answered({ id: item.id, decision: kept(item, await send(item, connections)) }))),
    );
  };
}

function kept({ maxKeptBytes }: SubmitItem, decision: SubmitDecision): SubmitDecision {
  return maxKeptBytes === undefined ? decision : withinBytes(decision, maxKeptBytes);
}

/** One submit and what its answer means. Never throws. */
export async function send(item: SubmitItem, connections: Connections): Promise<SubmitDecision> {
  const decision = await sent(item, connections);
  audit(item.connection, item, outcomeOf(decision));
  return decision;
}

async function sent(item: SubmitItem, connections: Connections): Promise<SubmitDecision> {
  const connection = connections.get(item.connection);
  if (connection === undefined) {
    const message = `connection "${item.connection}" is not in this worker's file`;
    return { kind: 'notAccepted', waitSeconds: 5, why: 'backoff', trouble: { message } };
  }
  const { headers, body, bodyFile } = item.request;
  const mistakes = submitMistakes({ method: item.method, url: item.url, headers }, connection.config);
  if (mistakes.length > 0) return { kind: 'failed', failure: { type: 'InvalidInput', message: listed(mistakes) } };
  const idempotency =
    item.method === 'GET' ? {} : idempotencyHeaders(connection.protocol.idempotencyHeaders, item.idempotencyKey, item.firstSentAtMs);
  const context: SubmitContext = {
    connection: item.connection,
    method: item.method,
    url: item.url,
    ...(headers === undefined ? {} : { headers }),
    ...(item.cookies === undefined ? {} : { cookies: item.cookies }),
    ...(item.finalStateVia === undefined ? {} : { finalStateVia: item.finalStateVia }),
    ...(item.fetchResource === true ? { fetchResource: true } : {}),
    idempotencyHeaders: Object.keys(idempotency),
    attempts: item.attempts ?? 0,
  };
  try {
    const exchange = await connection.exchange({
      purpose: 'submit',
      method: item.method,
      url: item.url,
      headers: { ...idempotency, ...headers },
      ...(item.cookies === undefined ? {} : { cookies: item.cookies }),
      ...(bodyFile !== undefined
        ? { body: { kind: 'file' as const, file: bodyFile } }
        : body !== undefined
          ? { body: { kind: 'json' as const, value: body } }
          : {}),
      // A keep-alive socket that dies under the request would make a false uncertainty.
      freshConnection: item.onUncertainSubmit === 'fail',
    });
    const decision = decideSubmit(exchange, context, connection.protocol, Date.now(), Math.random());
    logCap(decision, item.connection);
    return decision;
  } catch (err) {
    if (err instanceof FileRefusedError) return { kind: 'failed', failure: { type: 'FileRefused', message: wellFormed(err.message) } };
    if (err instanceof RequestRefusedError) return { kind: 'failed', failure: { type: 'InvalidInput', message: wellFormed(err.message) } };
    const message = `the submit broke inside the worker: ${err instanceof Error ? err.message : String(err)}`;
    return { kind: 'uncertain', waitSeconds: 5, why: 'backoff', trouble: { message } };
  }
}
