/**
 * Activity `submit`: sends submits, with claims.
 *
 * Keeps true:
 * 1. Before a request goes out, the server has acknowledged a heartbeat that claims it. So when this activity dies, whoever reads its
 *    last heartbeat knows of every item: answered, claimed (nobody knows), or provably never sent.
 * 2. There is one claim, of all items, and no heartbeat before it: the later ones are not acknowledged and may arrive in any order, and
 *    each of them says at least as much.
 * 3. No request is tied to the activity's cancellation: a shutdown lets it finish.
 * 4. What was claimed is answered or reported; nothing that fails after the claim is thrown away.
 */
import { ApplicationFailure } from '@temporalio/common';
import { ActivityNotFoundError } from '@temporalio/client';
import { Context } from '@temporalio/activity';
import { FileRefusedError } from '../files';
import type { Connections } from '../http';
import { RequestRefusedError } from '../http';
import { idempotencyHeaders } from '../lro/idempotency';
import type { SubmitContext, SubmitDecision } from '../lro/monitor';
import { decideSubmit } from '../lro/submit';
import { wellFormed } from '../lro/text';
import { logCap } from './log-cap';
import type { SubmitClaims, SubmitItem, SubmitResult } from './messages';
import { SUBMIT_INTERRUPTED } from './messages';

/** Below the heartbeat timeout of 5 s, with room for a slow server. */
const HEARTBEAT_INTERVAL_MS = 1000;

export function makeSubmit(connections: Connections) {
  return async function submit(items: SubmitItem[]): Promise<SubmitResult[]> {
    const claims = new Claims();
    try {
      await claims.claim(items.map((item) => item.id));
      await Promise.all(items.map(async (item) => claims.answered({ id: item.id, decision: await send(item, connections) })));
      return claims.results();
    } catch (err) {
      const message = err instanceof Error ? err.message : String(err);
      throw ApplicationFailure.create({ type: SUBMIT_INTERRUPTED, message, nonRetryable: true, details: [claims.details()] });
    } finally {
      claims.stop();
    }
  };
}

/** What this activity has claimed and learnt, as its heartbeats tell the server. */
class Claims {
  private claimedIds: string[] = [];
  private readonly answers: SubmitResult[] = [];
  private timer: NodeJS.Timeout | undefined;
  private readonly context = Context.current();

  /** Records the claim: resolves when the server has acknowledged it. From then on plain heartbeats repeat it. */
  async claim(ids: string[]): Promise<void> {
    try {
      await this.context.client.activity.heartbeat(this.context.info.taskToken, { claimed: ids, answered: [] } satisfies SubmitClaims);
    } catch (err) {
      // A request to cancel is recorded like any other beat, and a submit is not cut. Otherwise the claim is not recorded, or nobody
      // knows: nothing is sent.
      if (err instanceof ActivityNotFoundError || !isCancelRequest(err)) throw err;
    }
    this.claimedIds = ids;
    this.beat();
    this.timer = setInterval(() => this.beat(), HEARTBEAT_INTERVAL_MS);
  }

  answered(result: SubmitResult): void {
    this.answers.push(result);
  }

  results(): SubmitResult[] {
    return this.answers;
  }

  details(): SubmitClaims {
    return { claimed: [...this.claimedIds], answered: [...this.answers] };
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** The SDK watches for its own heartbeats only: without them it takes an activity for dead after the heartbeat timeout and drops its answer. */
  private beat(): void {
    this.context.heartbeat(this.details());
  }
}

function isCancelRequest(err: unknown): boolean {
  return err instanceof Error && err.name === 'ActivityCancelledError';
}

/** One submit and what its answer means. Never throws. */
async function send(item: SubmitItem, connections: Connections): Promise<SubmitDecision> {
  const connection = connections.get(item.connection);
  if (connection === undefined) {
    const message = `connection "${item.connection}" is not in this worker's file`;
    return { kind: 'notAccepted', waitSeconds: 5, why: 'backoff', trouble: { message } };
  }
  const { headers, body, bodyFile } = item.request;
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
