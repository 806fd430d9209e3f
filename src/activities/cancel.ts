/**
 * Activity `cancel`: asks the service to cancel operations. Where it will not, each is asked once how it stands: most often it has ended already.
 */
import type { Connection, Connections, OutgoingRequest } from '../http';
import type { Exchange } from '../lro/answer';
import { decideCancel, OWN_CANCEL, type CancelDecision } from '../lro/cancel';
import type { Monitor } from '../lro/monitor';
import { cancelUrl } from '../lro/paths';
import { judgeCallerUrl } from '../lro/trust';
import { headerMistakes, queryMistakes, routeMistakes } from '../schema/allow';
import { withinAnswerBudget } from './answer-budget';
import { ask } from './ask';
import { audit, outcomeOf, SentRequest } from './audit';
import { listed } from './failures';
import { withHeartbeat } from './heartbeat';
import type { CancelCall, CancelResult, Elsewhere } from './messages';
import type { OtherWorkers } from './other-workers';
import { temporalNowMs } from './temporal-clock';

/** Lanes of one activity; each connection bounds its own requests below that. */
const CONCURRENCY = 25;

export function makeCancel(connections: Connections, others: OtherWorkers) {
  return function cancel(calls: CancelCall[]): Promise<CancelResult[]> {
    return withHeartbeat(() =>
      withinAnswerBudget(
        calls,
        CONCURRENCY,
        (call) => cancelOrElsewhere(call, connections, others),
        () => undefined,
      ),
    );
  };
}

/** What this worker's file does not let it send, another worker is to send, where one may. */
async function cancelOrElsewhere(call: CancelCall, connections: Connections, others: OtherWorkers): Promise<CancelDecision | Elsewhere> {
  const { monitor, lookup } = call;
  const sent = await requestCancel(call, connections);
  const elsewhere = 'unsent' in sent ? await others.elsewhere(lookup) : undefined;
  if (elsewhere !== undefined) return elsewhere;
  const decided: CancelDecision = 'unsent' in sent ? { kind: 'refused', reason: `${sent.unsent}; ${others.whereLooked(lookup)}` } : sent;
  if (decided.kind !== 'refused') return decided;
  // Asked, and not started by it.
  const decision = await ask({ ...monitor, start: undefined }, connections);
  return decision.kind === 'running' ? decided : { kind: 'ended', decision };
}

/** Why this worker's file does not let a request be sent. */
interface Unsent {
  unsent: string;
}

async function requestCancel({ monitor, cancel }: CancelCall, connections: Connections): Promise<CancelDecision | Unsent> {
  const connection = connections.get(monitor.connection);
  if (connection === undefined) return { unsent: `connection "${monitor.connection}" is not in this worker's file` };
  // Of a dialect: how, the submit's answer has said.
  return cancel.path === OWN_CANCEL ? sentAsNamed(monitor, connection) : sent({ monitor, cancel }, connection);
}

/** The call itself; one that callers may not have sent is not. */
async function sent({ monitor, cancel }: Pick<CancelCall, 'monitor' | 'cancel'>, connection: Connection): Promise<CancelDecision | Unsent> {
  const { config, protocol } = connection;
  const method = cancel.method ?? 'POST';
  const made = cancelUrl(monitor, cancel, config.baseUrl);
  if ('problem' in made) return { unsent: `cancel.path: ${made.problem}` };
  const { url } = made;
  // Elsewhere only the service itself may have it sent: by its status URL.
  if (!cancel.path.startsWith('{statusPath}') && judgeCallerUrl(url, protocol.trust).kind !== 'withCredentials') {
    return { unsent: "cancel.path: goes to the connection's trusted hosts only" };
  }
  // What callers may send is not asked of what the file itself says.
  const isOwn = config.cancel?.path === cancel.path && config.cancel.method === method;
  const mistakes = [
    ...(isOwn ? [] : routeMistakes('cancel', { method, url }, config)),
    // The version is that of the status URL.
    ...(isOwn ? [] : queryMistakes('cancel', url, config, ['api-version'])),
    ...headerMistakes('cancel', monitor.headers, config),
  ];
  if (mistakes.length > 0) return { unsent: listed(mistakes) };
  const { headers, cookies, operationId } = monitor;
  const request = new SentRequest({ operationId });
  const { onSent } = request;
  const exchange = request.came(await metered(connection, { purpose: 'cancel', method, url, headers, cookies, operationId, onSent }));
  audit(monitor.connection, { method, url }, outcomeOf(exchange), request.ids);
  return decideCancel(exchange, monitor, protocol, temporalNowMs());
}

/** As the answer to the submit has said: the URL is the service's own. */
async function sentAsNamed(monitor: Monitor, connection: Connection): Promise<CancelDecision> {
  const own = monitor.cancel;
  if (own === undefined) return { kind: 'refused', reason: 'the answer to the submit did not say how it is cancelled' };
  const { method, url, body } = own;
  const request = new SentRequest({ operationId: monitor.operationId });
  const exchange = await metered(connection, {
    purpose: 'cancel',
    method,
    url,
    body: body === undefined ? undefined : { kind: 'json', value: body },
    namedByService: true,
    headers: monitor.headers,
    cookies: monitor.cookies,
    operationId: monitor.operationId,
    onSent: request.onSent,
  });
  request.came(exchange);
  audit(monitor.connection, { method, url }, outcomeOf(exchange), request.ids);
  return decideCancel(exchange, monitor, connection.protocol, temporalNowMs());
}

/** Sends a request that cancels, or deletes, and counts what came of it. */
export async function metered(connection: Connection, request: OutgoingRequest): Promise<Exchange> {
  const counted = connection.meter.begin('cancel');
  const exchange = await connection.exchange({ ...request, onTurn: counted.leaves });
  counted.answered(exchange);
  return exchange;
}
