/**
 * Activity `cancel`: tells the service to cancel an operation, and asks once how it stands.
 *
 * Keeps true: an operation that has ended already is reported with its end, not as canceled.
 */
import { ApplicationFailure } from '@temporalio/common';
import type { Connections } from '../http';
import type { Exchange } from '../lro/answer';
import { parseBody } from '../lro/body';
import { errorMessage, errorOf } from '../lro/odata-error';
import { cancelUrl } from '../lro/paths';
import { decideStatus } from '../lro/status';
import { headerMistakes, queryMistakes, routeMistakes } from '../schema/allow';
import { withinAnswerBudget } from './answer-budget';
import type { CancelledOne, CancelOne } from './batch/messages';
import { listed } from './failures';
import { audit, outcomeOf } from './audit';
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
  const { config } = connection;
  const method = request.method ?? 'POST';
  const made = cancelUrl(monitor, request, config.baseUrl);
  if ('problem' in made) return { kind: 'refused', reason: `cancel.path: ${made.problem}` };
  const { url } = made;
  const mistakes = [
    ...routeMistakes('cancel', { method, url }, config),
    ...queryMistakes('cancel', url, config, ['api-version']),
    ...headerMistakes('cancel', monitor.headers, config),
  ];
  if (mistakes.length > 0) return { kind: 'refused', reason: listed(mistakes) };
  const exchange = await connection.exchange({
    purpose: 'cancel',
    method,
    url,
    ...(monitor.headers === undefined ? {} : { headers: monitor.headers }),
    ...(monitor.cookies === undefined ? {} : { cookies: monitor.cookies }),
  });
  audit(monitor.connection, { method, url }, outcomeOf(exchange));
  const said = judge(exchange);
  if (exchange.kind === 'answer' && said.kind === 'told') {
    const decision = decideStatus(exchange, { ...monitor, style: 'monitor' }, connection.protocol, Date.now(), 0);
    return decision.kind === 'running' ? said : { kind: 'ended', decision };
  }
  // It would not cancel: most often because the operation has ended already.
  const decision = await ask(monitor, connections);
  return decision.kind === 'running' ? said : { kind: 'ended', decision };
}

/** @throws ApplicationFailure, retryable, when the service could not be reached or was overloaded */
function judge(exchange: Exchange): CancelResult {
  if (exchange.kind === 'untrusted') return { kind: 'refused', reason: exchange.reason };
  if (exchange.kind !== 'answer') throw retryable(exchange.reason);
  const code = exchange.httpStatus;
  if (code === 408 || code === 425 || code === 429 || code >= 500) throw retryable(`the service answered ${code}`);
  if (code < 300) return { kind: 'told', httpStatus: code };
  const parsed = parseBody(exchange.body);
  const text = parsed.kind === 'json' ? errorMessage(errorOf(parsed.value)) : undefined;
  return { kind: 'refused', httpStatus: code, reason: `the service answered ${code}${text === undefined ? '' : `: ${text}`}` };
}

function retryable(message: string): ApplicationFailure {
  return ApplicationFailure.create({ type: 'CancelNotDelivered', message });
}
