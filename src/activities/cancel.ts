/**
 * Activity `cancel`: asks the service to cancel operations. Where it will not, each is asked once how it stands: most often it has ended already.
 */
import type { CancelRequest } from '../contract';
import type { Connections } from '../http';
import { decideCancel, OWN_CANCEL, type CancelDecision } from '../lro/cancel';
import type { Monitor } from '../lro/monitor';
import { withApiVersion } from '../lro/status-url';
import { withinAnswerBudget } from './answer-budget';
import { ask } from './ask';
import { withHeartbeat } from './heartbeat';
import type { CancelCall, CancelResult } from './messages';

/** Lanes of one activity; each connection bounds its own requests below that. */
const CONCURRENCY = 25;

export function makeCancel(connections: Connections) {
  return function cancel(calls: CancelCall[]): Promise<CancelResult[]> {
    return withHeartbeat(() =>
      withinAnswerBudget(
        calls,
        CONCURRENCY,
        (call) => requestCancel(call, connections),
        () => undefined,
      ),
    );
  };
}

async function requestCancel({ monitor, cancel }: CancelCall, connections: Connections): Promise<CancelDecision> {
  const connection = connections.get(monitor.connection);
  if (connection === undefined) return { kind: 'unreachable', reason: `connection "${monitor.connection}" is not in this worker's file` };
  // Of a dialect: how, the submit's answer has said.
  const own = cancel.path === OWN_CANCEL ? monitor.cancel : undefined;
  if (cancel.path === OWN_CANCEL && own === undefined) {
    return { kind: 'refused', reason: 'the answer to the submit did not say how it is cancelled' };
  }
  const exchange = await connection.exchange({
    purpose: 'cancel',
    method: own?.method ?? cancel.method ?? 'POST',
    url: own?.url ?? cancelUrl(monitor, cancel, connection.protocol.trust.baseUrl),
    body: own?.body === undefined ? undefined : { kind: 'json', value: own.body },
    namedByService: own === undefined ? undefined : true,
    headers: monitor.headers,
    cookies: monitor.cookies,
  });
  const decided = decideCancel(exchange, monitor, connection.protocol, Date.now());
  if (decided.kind !== 'refused') return decided;
  const decision = await ask(monitor, connections);
  return decision.kind === 'running' ? decided : { kind: 'ended', decision };
}

/** `{statusPath}` and `{operationId}` filled in; below the base URL unless it is absolute. Whether it is trusted is decided where it is sent. */
function cancelUrl(monitor: Monitor, request: CancelRequest, baseUrl: string): string {
  const status = new URL(monitor.statusUrl);
  const filled = request.path
    .replaceAll('{statusPath}', () => status.pathname)
    .replaceAll('{operationId}', () => encodeURIComponent(monitor.operationId ?? ''));
  // The status path is whole already; another path stands below the base URL, like a submit's.
  const below = request.path.startsWith('{statusPath}') ? status.origin : baseUrl.replace(/\/+$/, '');
  const url = URL.canParse(filled) ? filled : `${below}/${filled.replace(/^\//, '')}`;
  return withApiVersion(url, monitor.apiVersion ?? status.searchParams.get('api-version') ?? undefined);
}
