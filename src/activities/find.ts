/**
 * Activity `find`: looks at the service for what uncertain submits may have made, in parallel, and decides for each what that means.
 *
 * Keeps true: it only reads; pages of a list, and the time for them, are bounded.
 */
import type { About } from '../jobs/model';
import type { Connection, Connections } from '../http';
import { decideLook, findUrl, readFindPage, type FindDecision, type Look, type Wanted } from '../lro/find';
import type { Find } from '../lro/find-rules';
import type { ReadAnswer } from '../lro/read-answer';
import { withinAnswerBudget } from './answer-budget';
import { withHeartbeat } from './heartbeat';
import type { Elsewhere, FindRequest, FindResult, LookedUp, LostSubmit } from './messages';
import { loaded } from './loaded-page';
import type { OtherWorkers } from './other-workers';
import type { PageItem, Pages } from './pages';
import { prepareSubmit } from './prepare-submit';
import { contextOf, hasCallback, type OutgoingSubmit } from './send-submit';
import { temporalNowMs } from './temporal-clock';

/** Requests at once; each connection has its own limit besides. */
const CONCURRENCY = 10;
/** No further page is begun after so many times the connection's timeout. */
const TIMEOUTS = 2;

interface Answered {
  about?: About;
  decision: FindDecision;
}

export function makeFind(connections: Connections, pages: Pages, others: OtherWorkers) {
  return function find(request: FindRequest): Promise<FindResult[]> {
    return withHeartbeat(async () => {
      const items = await loaded(request, pages, others);
      if (!Array.isArray(items)) return request.items.map(({ index }) => ({ index, ...items }));
      const lost = request.items.map((one) => ({ id: String(one.index), one }));
      const look = async ({ id, one }: (typeof lost)[number]): Promise<Answered | Elsewhere> =>
        lookOrElsewhere(items[one.index], one, request, connections, others, request.lookups?.[id]);
      const answers = await withinAnswerBudget(lost, CONCURRENCY, look, () => undefined);
      return answers.map(({ id, elsewhere, decision }) => ({ index: Number(id), elsewhere, ...decision }));
    });
  };
}

async function lookOrElsewhere(
  item: PageItem | undefined,
  lost: LostSubmit,
  request: FindRequest,
  connections: Connections,
  others: OtherWorkers,
  lookedUp: LookedUp | undefined,
): Promise<Answered | Elsewhere> {
  const prepared = prepareSubmit(item, lost, request, connections);
  const send = 'send' in prepared ? prepared.send : undefined;
  const connection = send && connections.get(send.connection);
  const find = connection?.protocol.find;
  if (send === undefined || connection === undefined || find === undefined) {
    const elsewhere = await others.elsewhere(lookedUp);
    if (elsewhere !== undefined) return elsewhere;
    const message = `it could not be looked for: this worker's file has no way to it; ${others.whereLooked(lookedUp)}`;
    return { decision: { kind: 'notFound', isProof: false, message } };
  }
  const about = 'send' in prepared ? prepared.about : undefined;
  return { about, decision: await lookFor(send, lost, find, connection) };
}

async function lookFor(send: OutgoingSubmit, lost: LostSubmit, find: Find, connection: Connection): Promise<FindDecision> {
  const { protocol, limits } = connection;
  const wanted: Wanted = {
    submitted: { url: send.url, body: send.request.body },
    idempotencyKey: send.idempotencyKey,
    firstSentAtMs: send.firstSentAtMs,
  };
  const url = findUrl(find, wanted, protocol);
  if (url === undefined) return { kind: 'notFound', isProof: false, message: `the submit lacks what ${find.url.text} is made of` };
  const look = await pagesFrom(url, find, wanted, connection);
  const settings = { ...protocol, timeoutSeconds: limits.timeoutSeconds };
  const callsBack = hasCallback(send);
  const decision = decideLook(look, find, lost, contextOf(send, connection, callsBack), settings, temporalNowMs(), Math.random());
  if (decision.kind !== 'accepted' || !callsBack) return decision;
  return { ...decision, monitor: { ...decision.monitor, callsBack: true } };
}

async function pagesFrom(first: string, find: Find, wanted: Wanted, connection: Connection): Promise<Look> {
  const untilMs = performance.now() + TIMEOUTS * connection.limits.timeoutSeconds * 1000;
  const entries: ReadAnswer[] = [];
  const seen = new Set<string>();
  let next: string | undefined = first;
  for (let page = 0; next !== undefined; page++) {
    // A page that names an earlier one has no end.
    if (page >= find.maxPages || seen.has(next) || performance.now() > untilMs) return { entries, isCut: true };
    seen.add(next);
    const metered = connection.meter.begin('find');
    const exchange = await connection.exchange({ purpose: 'status', method: 'GET', url: next, onTurn: metered.leaves });
    const read = readFindPage(exchange, find, wanted, connection.protocol, temporalNowMs());
    metered.answered(exchange, read.kind === 'unreadable' ? read.trouble : undefined);
    if (read.kind === 'unreadable') return { entries, isCut: true, unreadable: read };
    entries.push(...read.entries);
    ({ next } = read);
  }
  return { entries, isCut: false };
}
