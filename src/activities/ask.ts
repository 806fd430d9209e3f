/**
 * Activity `ask`: asks the status of a set of operations, in parallel, and decides for each what its answer means. One that is still to be started
 * is started instead.
 *
 * Keeps true: an answer that a heartbeat has recorded is not asked for again by the next attempt, on whichever worker it runs; one that nobody
 * has heard is not asked for again before the wait is over that was known (see `question-times.ts`). Answers in a row (see `in-a-row.ts`) all
 * reach the workflow, in their order.
 */
import { Context } from '@temporalio/activity';
import type { TroubleKind } from '../contract';
import type { Connections } from '../http';
import { RequestRefusedError } from '../http';
import type { Exchange } from '../lro/answer';
import { asBackstop } from '../lro/callback-url';
import { packedAs, rowsOf, type Rows } from '../jobs/packing';
import type { Monitor, NamedRequest, StatusDecision } from '../lro/monitor';
import { withinBytes } from '../lro/outcome';
import { contentOf, statusAgain, withFile } from '../lro/result-file';
import { isToBeStarted } from '../lro/start';
import { decideStatus } from '../lro/status';
import { withinAnswerBudget } from './answer-budget';
import { audit, outcomeOf, SentRequest } from './audit';
import { withHeartbeat } from './heartbeat';
import { InARow } from './in-a-row';
import { logCap } from './log-cap';
import type { Ask, AskOptions, AskResult, Elsewhere, LookedUp } from './messages';
import { mayNotWrite, type OtherWorkers } from './other-workers';
import { QuestionTimes, type WaitingQuestions } from './question-times';
import { RecentAnswers } from './recent-answers';
import { ResultBody } from './result-body';
import { temporalNowMs } from './temporal-clock';
import { notShareable } from './tracker/shareable';
import { unlessCanceled } from './unless-canceled';

/** Requests at once; each connection has its own limit besides. With answers of at most 140 KiB each, a budget overrun stays below 2 MB. */
const CONCURRENCY = 10;

/** For writing a body that was read. One that takes longer to be read than any answer may is read by a GET of its own. */
const FILE_SECONDS = 60;

export function makeAsk(connections: Connections, others: OtherWorkers, waiting: WaitingQuestions) {
  const recent = new RecentAnswers();
  const decide = async (
    request: Ask,
    times: QuestionTimes,
    lookedUp: LookedUp | undefined,
    row: InARow,
  ): Promise<StatusDecision | Elsewhere | 'early'> => {
    const recalled = recent.recall(request.id);
    if (recalled !== undefined) return recalled;
    const turn = await times.turnOf(request);
    return turn === 'ask' ? sendNow(request, lookedUp, row) : turn;
  };
  const sendNow = async (
    { id, monitor, dueAtMs }: Ask,
    lookedUp: LookedUp | undefined,
    row: InARow,
  ): Promise<StatusDecision | Elsewhere> => {
    const decision = await row.timed(id, (onTurn) => askOrElsewhere({ monitor, dueAtMs, onTurn }, lookedUp, connections, others));
    if (!('elsewhere' in decision)) recent.remember(id, decision);
    return decision;
  };
  return async function askAll(given: Rows<Ask>, options: AskOptions): Promise<Rows<AskResult>> {
    const { maxKeptBytes, concurrency = CONCURRENCY, lookups, asCallers } = options;
    const all = rowsOf(given);
    const barred = new Set(asCallers === true ? all.filter((request) => !mayBeShared(request, connections)) : []);
    const asks = all.filter((request) => !barred.has(request));
    const notShared = [...barred].map(({ id }): AskResult => ({ id, notShared: true }));
    const recorded = rowsOf((Context.current().info.heartbeatDetails as Rows<AskResult> | undefined) ?? []);
    const known = new Map(recorded.map((result) => [result.id, result]));
    const results: AskResult[] = asks.map(({ id }) => known.get(id) ?? { id });
    const times = new QuestionTimes(asks, waiting);
    const row = new InARow(options);
    // What an earlier try was answered is as old as this one.
    const answeredAtMs = new Map([...known.keys()].map((id) => [id, performance.now()]));
    const decideWithin = async (request: Ask, made: number): Promise<StatusDecision | Elsewhere | 'early'> => {
      const lookedUp = lookups?.[request.id];
      const decision = await (made === 0
        ? decide(request, times, lookedUp, row)
        : sendNow({ ...request, dueAtMs: temporalNowMs() }, lookedUp, row));
      if (decision === 'early' || 'elsewhere' in decision) return decision;
      answeredAtMs.set(request.id, performance.now());
      return withinBytes(decision, maxKeptBytes);
    };
    const goesOn = ({ id }: Ask, decision: StatusDecision, made: number): boolean => row.goesOn(id, decision, made);
    try {
      const answers = await withHeartbeat(
        () => unlessCanceled(withinAnswerBudget(asks, concurrency, decideWithin, withoutNews, results, goesOn), () => results),
        () => {
          const answered = results.filter(({ decision, before }) => decision !== undefined || before !== undefined);
          return packedAs(given, answered);
        },
      );
      const endMs = performance.now();
      const told = answers.map((answer) => aged(answer, endMs - (answeredAtMs.get(answer.id) ?? endMs)));
      return packedAs(given, [...told, ...notShared]);
    } finally {
      times.end();
    }
  };
}

/** Where this worker does not have its connection, another is asked. */
function mayBeShared({ monitor }: Ask, connections: Connections): boolean {
  const connection = connections.get(monitor.connection);
  return connection === undefined || notShareable(monitor, connection) === undefined;
}

/** With its age, where it has an answer. */
function aged(answer: AskResult, agoMs: number): AskResult {
  return answer.decision === undefined || agoMs < 1 ? answer : { ...answer, agoMs: Math.floor(agoMs) };
}

/** Of an answer that does not fit: only its wait. The next poll gets its content again. */
function withoutNews(decision: StatusDecision): StatusDecision | undefined {
  if (decision.kind !== 'running') return undefined;
  const { kind, waitSeconds, why, notAsked } = decision;
  return { kind, waitSeconds, why, notAsked };
}

/** What this worker's file does not let it ask, another worker is to ask, where one may; an operation that nobody can ask goes on. */
async function askOrElsewhere(
  { monitor, ...question }: Question & Pick<Ask, 'monitor'>,
  lookedUp: LookedUp | undefined,
  connections: Connections,
  others: OtherWorkers,
): Promise<StatusDecision | Elsewhere> {
  const isUnknown = connections.get(monitor.connection) === undefined;
  // The answer may be the end, and is written to a file as it comes.
  if (!isUnknown && (await mayNotWrite(monitor.resultFile, connections.files))) {
    const elsewhere = await others.elsewhere(lookedUp);
    if (elsewhere !== undefined) return elsewhere;
  }
  const decision = await ask(monitor, connections, question);
  const isRefused = decision.kind === 'failed' && (decision.failure.type === 'InvalidInput' || decision.failure.type === 'UntrustedUrl');
  if (!isUnknown && !isRefused) return decision;
  const elsewhere = await others.elsewhere(lookedUp);
  if (elsewhere !== undefined) return elsewhere;
  if (decision.kind === 'failed') return { ...decision, failure: others.told(decision.failure, lookedUp) };
  if (decision.kind !== 'running' || decision.trouble === undefined) return decision;
  const { trouble } = decision;
  return { ...decision, trouble: { ...trouble, message: `${trouble.message}; ${others.whereLooked(lookedUp)}` } };
}

/** What is sent: an operation that is still to be started is not asked how it stands. */
function requestOf({ start, poll, statusUrl }: Monitor): NamedRequest {
  if (start !== undefined && isToBeStarted({ start })) return start;
  return { method: poll?.method ?? 'GET', url: statusUrl, body: poll?.body };
}

/** What is known of a question besides whom it is about. */
interface Question {
  /** Since when it is due, where that is known. */
  dueAtMs?: number | undefined;
  /** Called when it has its turn at the connection. */
  onTurn?: () => void;
}

/** Asks for one status and decides what the answer means. Never throws. */
export async function ask(monitor: Monitor, connections: Connections, { dueAtMs, onTurn }: Question = {}): Promise<StatusDecision> {
  const connection = connections.get(monitor.connection);
  if (connection === undefined) {
    const message = `connection "${monitor.connection}" is not in this worker's file`;
    return { kind: 'running', waitSeconds: 5, why: 'backoff', trouble: { message, kind: 'UnknownConnection' }, notAsked: true };
  }
  const { protocol, limits, config } = connection;
  const decide = (exchange: Exchange): StatusDecision => {
    const decision = decideStatus(exchange, monitor, protocol, temporalNowMs(), Math.random());
    return monitor.callsBack === true ? asBackstop(decision, config.webhooks.pollSeconds, protocol) : decision;
  };
  const starts = isToBeStarted(monitor);
  const resultFile = starts ? undefined : monitor.resultFile;
  const file =
    resultFile &&
    new ResultBody({
      files: connections.files,
      target: resultFile,
      contentOf: (answer) => contentOf(decide(answer), answer, protocol),
      signal: AbortSignal.any([Context.current().cancellationSignal, AbortSignal.timeout((limits.timeoutSeconds + FILE_SECONDS) * 1000)]),
    });
  const { method, url, body } = requestOf(monitor);
  const request = new SentRequest({ operationId: monitor.operationId });
  const metered = starts ? connection.meter.begin('submit') : connection.meter.begin('poll', dueAtMs);
  let exchange: Exchange;
  try {
    exchange = await connection.exchange({
      purpose: starts ? 'start' : 'status',
      method,
      url,
      headers: monitor.headers,
      cookies: monitor.cookies,
      body: body === undefined ? undefined : { kind: 'json', value: body },
      bodyTo: file?.target,
      operationId: monitor.operationId,
      onSent: request.onSent,
      onTurn: () => {
        metered.leaves();
        onTurn?.();
      },
    });
    request.came(exchange);
  } catch (err) {
    // This worker's connection may refuse a header that the worker which submitted the operation allowed.
    if (err instanceof RequestRefusedError) return { kind: 'failed', failure: { type: 'InvalidInput', message: err.message } };
    throw err;
  }
  if (starts) audit(monitor.connection, { method, url }, outcomeOf(exchange), request.ids);
  const decided = decide(exchange);
  metered.answered(exchange, troubleIn(decided));
  const isInFile = file !== undefined && decided.kind === 'succeeded';
  const decision = isInFile ? withFile(decided, file.written, statusAgain(monitor)) : decided;
  logCap(decision, monitor.connection);
  return decision;
}

/** What is wrong with the answer itself. */
function troubleIn(decision: StatusDecision): TroubleKind | undefined {
  if (decision.kind === 'running') return decision.trouble?.kind;
  return decision.kind === 'failed' && decision.failure.type === 'ProtocolError' ? 'Unreadable' : undefined;
}
