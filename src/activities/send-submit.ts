/** Sends one submit and decides what its answer means. */
import type { BodyFile, FailureDetails, FileRef, FinalStateVia, HttpMethod, SubmitRequest } from '../contract';
import { FileRefusedError } from '../files';
import type { CallbackTarget, Connection, Connections } from '../http';
import { RequestRefusedError } from '../http';
import { idempotencyHeaders } from '../lro/idempotency';
import type { Exchange } from '../lro/answer';
import { asBackstop, callbackPlaces, withoutCallback } from '../lro/callback-url';
import { withKey } from '../lro/dialect-key';
import type { Monitor, SubmitContext, SubmitDecision } from '../lro/monitor';
import { contentOf, withFile } from '../lro/result-file';
import { decideSubmit } from '../lro/submit';
import { wellFormed } from '../lro/text';
import { submitMistakes } from '../schema/allow';
import { audit, outcomeOf, SentRequest } from './audit';
import { listed } from './failures';
import { logCap } from './log-cap';
import { ResultBody } from './result-body';
import { temporalNowMs } from './temporal-clock';

/** For what of an answer that ends the operation is still to be read, and written to a file. */
const FILE_SECONDS = 120;

/** What {@link OutgoingSubmit} may not have without a receiver, and what to do. */
export const NO_RECEIVER =
  '{callbackUrl} is the URL of a receiver of webhooks, and the worker\'s file names none; nothing was sent. Add "webhooks: { publicUrl, secret }" ' +
  'to the file, or leave {callbackUrl} out: the operation is polled without it as well';

/** One submit as it goes out. */
export interface OutgoingSubmit {
  connection: string;
  method: HttpMethod;
  /** Absolute, with the caller's query, without credentials. */
  url: string;
  request: Pick<SubmitRequest, 'headers' | 'body'> & { bodyFile?: BodyFile & { version?: string } };
  idempotencyKey: string;
  /** Of a batch: the item's id, for the log. */
  item?: string;
  /** Time of the first try. */
  firstSentAtMs: number;
  onUncertainSubmit: 'retry' | 'fail';
  fetchResource: boolean;
  finalStateVia?: FinalStateVia;
  resultFile?: FileRef;
  /** Earlier tries that were not accepted. */
  tries: number;
  cookies?: Monitor['cookies'];
  /** A refused key is waited for: many wait, and each would be rejected for it. */
  waitsUnauthorized: boolean;
  /** Who is to be woken by a call of the service. */
  callback?: CallbackTarget | undefined;
  unauthorizedSinceMs?: number;
  /** What earlier tries may have made was looked for in vain. */
  wasLookedFor?: true;
}

/** A decision about a submit; with the file of another worker it might be another one, and nothing was sent. */
export interface SentSubmit {
  decision: SubmitDecision;
  dependsOnFile?: boolean;
}

/** One submit and what its answer means. Never throws. */
export async function send(submit: OutgoingSubmit, connections: Connections): Promise<SentSubmit> {
  const request = new SentRequest({ item: submit.item });
  const result = await sent(submit, connections, request);
  const { decision, dependsOnFile } = 'decision' in result ? result : { decision: result };
  const operationId = decision.kind === 'accepted' ? decision.monitor.operationId : undefined;
  audit(submit.connection, submit, outcomeOf(decision), { ...request.ids, operationId });
  if (decision.kind === 'uncertain') connections.get(submit.connection)?.meter.uncertain();
  return { decision, dependsOnFile };
}

async function sent(submit: OutgoingSubmit, connections: Connections, request: SentRequest): Promise<SubmitDecision | SentSubmit> {
  const connection = connections.get(submit.connection);
  if (connection === undefined) {
    const message = `connection "${submit.connection}" is not in this worker's file`;
    return { kind: 'notAccepted', waitSeconds: 5, why: 'backoff', trouble: { message, kind: 'UnknownConnection' } };
  }
  const { method, url, cookies, resultFile } = submit;
  const { headers, body, bodyFile } = submit.request;
  const mistakes = submitMistakes({ method, url, headers }, connection.config);
  if (mistakes.length > 0) return { kind: 'failed', failure: { type: 'InvalidInput', message: listed(mistakes) } };
  const { dialect } = connection.protocol;
  const idempotency =
    method === 'GET' ? {} : idempotencyHeaders(connection.protocol.idempotencyHeaders, submit.idempotencyKey, submit.firstSentAtMs);
  const place = method === 'GET' ? undefined : dialect?.idempotencyKey;
  const keyed = place && withKey({ url, body }, place, submit.idempotencyKey, submit.tries > 0);
  if (place !== undefined && keyed === undefined && submit.onUncertainSubmit === 'retry') {
    const message = `submit.body: must be a JSON object, in which "${place.name}" holds the idempotency key (or onUncertainSubmit must be "fail")`;
    return { kind: 'failed', failure: { type: 'InvalidInput', message } };
  }
  const callsBack = hasCallback(submit);
  const callbackUrl = callsBack && submit.callback !== undefined ? connections.callbacks?.urlOf(submit.callback) : undefined;
  if (callsBack && callbackUrl === undefined) {
    return { decision: { kind: 'failed', failure: { type: 'InvalidInput', message: NO_RECEIVER } }, dependsOnFile: true };
  }
  const context = { ...contextOf(submit, connection, callsBack), idempotencyHeaders: Object.keys(idempotency) };
  const decide = (exchange: Exchange): SubmitDecision => {
    // Of whole milliseconds: the time is kept, and stands in many messages.
    const nowMs = Math.floor(temporalNowMs());
    const decision = decideSubmit(exchange, context, connection.protocol, nowMs, Math.random());
    return callsBack ? asBackstop(decision, connection.config.webhooks.pollSeconds, connection.protocol) : decision;
  };
  const file =
    resultFile &&
    new ResultBody({
      files: connections.files,
      target: resultFile,
      contentOf: (answer) => contentOf(decide(answer), answer, connection.protocol),
      signal: AbortSignal.timeout((connection.limits.timeoutSeconds + FILE_SECONDS) * 1000),
      // The answer cannot be had again.
      untilSilent: true,
    });
  const metered = connection.meter.begin('submit');
  try {
    const exchange = await connection.exchange({
      purpose: 'submit',
      method,
      url: keyed?.url ?? url,
      // Many operations are submitted to one URL.
      operation: submit.idempotencyKey,
      waitsForKey: submit.waitsUnauthorized,
      headers: withoutDoubles({ ...dialect?.headers, ...idempotency, ...keyed?.headers }, headers),
      cookies,
      callbackUrl,
      body:
        bodyFile !== undefined
          ? { kind: 'file', file: bodyFile }
          : body !== undefined
            ? { kind: 'json', value: keyed?.body ?? body }
            : undefined,
      // A keep-alive socket may break when it is used again, and the submit would be uncertain though it was never sent.
      freshConnection: submit.onUncertainSubmit === 'fail',
      bodyTo: file?.target,
      onSent: request.onSent,
      onTurn: metered.leaves,
    });
    request.came(exchange);
    const refusedForMs = connection.keyRefusedForMs;
    if (refusedForMs !== undefined) {
      // Of those that were held until now the time counts as well.
      const sinceMs = temporalNowMs() - refusedForMs;
      context.unauthorizedSinceMs = Math.min(sinceMs, context.unauthorizedSinceMs ?? sinceMs);
    }
    const decided = decide(exchange);
    metered.answered(exchange, 'trouble' in decided ? decided.trouble.kind : undefined);
    const decision = file !== undefined && decided.kind === 'succeeded' ? withFile(decided, file.written, undefined) : decided;
    logCap(decision, submit.connection);
    return decision;
  } catch (err) {
    if (err instanceof FileRefusedError) {
      const failure: FailureDetails = { type: 'FileRefused', message: wellFormed(err.message) };
      return { decision: { kind: 'failed', failure }, dependsOnFile: err.dependsOnFile };
    }
    if (err instanceof RequestRefusedError) return { kind: 'failed', failure: { type: 'InvalidInput', message: wellFormed(err.message) } };
    // The exception's message may contain a secret.
    const name = err instanceof Error ? err.name : 'exception';
    return {
      kind: 'uncertain',
      waitSeconds: 5,
      why: 'backoff',
      trouble: { message: `the submit broke inside the worker (${name}); its log says more`, kind: 'Uncertain' },
    };
  }
}

/** Whether the service is told where to call back. */
export function hasCallback({ url, request }: OutgoingSubmit): boolean {
  return callbackPlaces({ url, headers: request.headers, body: request.body }).length > 0;
}

/** What a decision about a submit depends on, besides its answer. @param callsBack as {@link hasCallback} says: it looks through the whole body */
export function contextOf(submit: OutgoingSubmit, { protocol }: Connection, callsBack: boolean): SubmitContext {
  const { connection, method, url, request, cookies, finalStateVia, fetchResource, resultFile } = submit;
  return {
    connection,
    method,
    ...(callsBack ? withoutCallback({ url, headers: request.headers }) : { url, headers: request.headers }),
    cookies,
    finalStateVia,
    fetchResource: fetchResource ? true : undefined,
    resultFile,
    idempotencyHeaders: [],
    attempts: submit.tries,
    waitsUnauthorized: submit.waitsUnauthorized,
    unauthorizedSinceMs: submit.unauthorizedSinceMs,
    canBeFound: protocol.find !== undefined && submit.wasLookedFor !== true,
  };
}

/** The caller's headers stand in the place of others, whatever the case of their names. */
function withoutDoubles(ours: Record<string, string>, callers: Record<string, string> = {}): Record<string, string> {
  const named = new Set(Object.keys(callers).map((name) => name.toLowerCase()));
  return { ...Object.fromEntries(Object.entries(ours).filter(([name]) => !named.has(name.toLowerCase()))), ...callers };
}
