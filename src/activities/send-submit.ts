/** Sends one submit, and decides what its answer means. */
import type { BodyFile, FinalStateVia, HttpMethod, SubmitRequest } from '../contract';
import { FileRefusedError } from '../files';
import type { Connections } from '../http';
import { RequestRefusedError } from '../http';
import { idempotencyHeaders } from '../lro/idempotency';
import type { Monitor, SubmitContext, SubmitDecision } from '../lro/monitor';
import { decideSubmit } from '../lro/submit';
import { wellFormed } from '../lro/text';
import { logCap } from './log-cap';

/** One submit as it goes out. */
export interface OutgoingSubmit {
  connection: string;
  method: HttpMethod;
  /** Absolute, with the caller's query, without credentials. */
  url: string;
  request: Pick<SubmitRequest, 'headers' | 'body'> & { bodyFile?: BodyFile & { version?: string } };
  idempotencyKey: string;
  /** Time of the first try. */
  firstSentAtMs: number;
  onUncertainSubmit: 'retry' | 'fail';
  fetchResource: boolean;
  finalStateVia?: FinalStateVia;
  /** Tries that came to nothing. */
  tries: number;
  cookies?: Monitor['cookies'];
  /** A refused key is waited for: many wait, and each would be rejected for it. */
  waitsUnauthorized: boolean;
  unauthorizedSinceMs?: number;
}

/** One submit and what its answer means. Never throws. */
export async function send(submit: OutgoingSubmit, connections: Connections): Promise<SubmitDecision> {
  const connection = connections.get(submit.connection);
  if (connection === undefined) {
    const message = `connection "${submit.connection}" is not in this worker's file`;
    return { kind: 'notAccepted', waitSeconds: 5, why: 'backoff', trouble: { message } };
  }
  const { method, url, cookies, finalStateVia } = submit;
  const { headers, body, bodyFile } = submit.request;
  const idempotency =
    method === 'GET' ? {} : idempotencyHeaders(connection.protocol.idempotencyHeaders, submit.idempotencyKey, submit.firstSentAtMs);
  const context: SubmitContext = {
    connection: submit.connection,
    method,
    url,
    headers,
    cookies,
    finalStateVia,
    fetchResource: submit.fetchResource ? true : undefined,
    idempotencyHeaders: Object.keys(idempotency),
    attempts: submit.tries,
    waitsUnauthorized: submit.waitsUnauthorized,
    unauthorizedSinceMs: submit.unauthorizedSinceMs,
  };
  try {
    const exchange = await connection.exchange({
      purpose: 'submit',
      method,
      url,
      // Many operations are submitted to one URL.
      operation: submit.idempotencyKey,
      headers: { ...idempotency, ...headers },
      cookies,
      body: bodyFile !== undefined ? { kind: 'file', file: bodyFile } : body !== undefined ? { kind: 'json', value: body } : undefined,
      // A keep-alive socket that dies under the request would make a false uncertainty.
      freshConnection: submit.onUncertainSubmit === 'fail',
    });
    const decision = decideSubmit(exchange, context, connection.protocol, Date.now(), Math.random());
    logCap(decision, submit.connection);
    return decision;
  } catch (err) {
    if (err instanceof FileRefusedError) return { kind: 'failed', failure: { type: 'FileRefused', message: wellFormed(err.message) } };
    if (err instanceof RequestRefusedError) return { kind: 'failed', failure: { type: 'InvalidInput', message: wellFormed(err.message) } };
    // The exception's own message may hold anything, a secret too.
    const name = err instanceof Error ? err.name : 'exception';
    return {
      kind: 'uncertain',
      waitSeconds: 5,
      why: 'backoff',
      trouble: { message: `the submit broke inside the worker (${name}); its log says more` },
    };
  }
}
