/**
 * Activity `cancel`: tells the service to cancel an operation, and asks once how it stands.
 *
 * Keeps true: an operation that has ended already is reported with its end, not as canceled.
 */
import { ApplicationFailure } from '@temporalio/common';
import type { CancelRequest } from '../contract';
import type { Connections } from '../http';
import { passesByItself, type Exchange } from '../lro/answer';
import type { Monitor } from '../lro/monitor';
import { parseBody } from '../lro/body';
import { errorMessage, errorOf } from '../lro/odata-error';
import { endToldByCancel } from '../lro/status';
import { withApiVersion } from '../lro/status-url';
import { withinAnswerBudget } from './answer-budget';
import type { CancelledOne, CancelOne } from './batch/messages';
import { withHeartbeat } from './heartbeat';
import type { CancelCall, CancelResult } from './messages';
import { ask } from './status';

export function makeCancel(connections: Connections) {
  return function cancel(call: CancelCall): Promise<CancelResult> {
    return withHeartbeat(() => tell(call, connections));
  };
}

/** Lanes of one activity; each connection bounds its own requests below that. */
const CONCURRENCY = 25;

/** Activity `cancelMany`: the same for many operations of a batch. What could not be delivered comes back without a result. */
export function makeCancelMany(connections: Connections) {
  return function cancelMany(calls: CancelOne[]): Promise<CancelledOne[]> {
    const told = async (call: CancelOne): Promise<CancelledOne['result']> => {
      try {
        return await tell(call, connections);
      } catch (error) {
        return { kind: 'undelivered', reason: error instanceof Error ? error.message : String(error) };
      }
    };
    return withHeartbeat(async () => {
      const results = await withinAnswerBudget(calls, CONCURRENCY, told);
      return results.map(({ id, decision }) => ({ id, result: decision }));
    });
  };
}

/** @throws ApplicationFailure, retryable, when the service could not be told now */
async function tell({ monitor, cancel: request }: CancelCall, connections: Connections): Promise<CancelResult> {
  const connection = connections.get(monitor.connection);
  if (connection === undefined) throw retryable(`connection "${monitor.connection}" is not in this worker's file`);
  const exchange = await connection.exchange({
    purpose: 'cancel',
    method: request.method ?? 'POST',
    url: cancelUrl(monitor, request, connection.protocol.trust.baseUrl),
    ...(monitor.headers === undefined ? {} : { headers: monitor.headers }),
    ...(monitor.cookies === undefined ? {} : { cookies: monitor.cookies }),
  });
  const said = judge(exchange);
  if (exchange.kind === 'answer' && said.kind === 'told') {
    const decision = endToldByCancel(exchange, monitor, connection.protocol, Date.now());
    return decision === undefined ? said : { kind: 'ended', decision };
  }
  // It would not cancel: most often because the operation has ended already.
  const decision = await ask(monitor, connections);
  return decision.kind === 'running' ? said : { kind: 'ended', decision };
}

/** `{statusPath}` and `{operationId}` filled in; below the base URL unless it is absolute. Whether it is trusted is decided where it is sent. */
function cancelUrl(monitor: Monitor, request: CancelRequest, baseUrl: string): string {
  const status = new URL(monitor.statusUrl);
  const filled = request.path
    .replaceAll('{statusPath}', status.pathname)
    .replaceAll('{operationId}', encodeURIComponent(monitor.operationId ?? ''));
  // The status path is whole already; another path stands below the base URL, like a submit's.
  const below = request.path.startsWith('{statusPath}') ? status.origin : baseUrl.replace(/\/+$/, '');
  const url = URL.canParse(filled) ? filled : `${below}/${filled.replace(/^\//, '')}`;
  return withApiVersion(url, monitor.apiVersion ?? status.searchParams.get('api-version') ?? undefined);
}

/** @throws ApplicationFailure, retryable, when the service could not be reached or was overloaded */
function judge(exchange: Exchange): CancelResult {
  if (exchange.kind === 'untrusted') return { kind: 'refused', reason: exchange.reason };
  if (exchange.kind !== 'answer') throw retryable(exchange.reason);
  const code = exchange.httpStatus;
  if (passesByItself(code)) throw retryable(`the service answered ${code}`);
  if (code < 300) return { kind: 'told', httpStatus: code };
  const parsed = parseBody(exchange.body);
  const text = parsed.kind === 'json' ? errorMessage(errorOf(parsed.value)) : undefined;
  return { kind: 'refused', httpStatus: code, reason: `the service answered ${code}${text === undefined ? '' : `: ${text}`}` };
}

function retryable(message: string): ApplicationFailure {
  return ApplicationFailure.create({ type: 'CancelNotDelivered', message });
}
