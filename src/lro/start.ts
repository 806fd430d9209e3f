/**
 * What the answer to the request that starts an operation means, where its submit only made it. [protocol.md section 6, start step]
 *
 * Keeps true:
 * 1. An operation whose start may not have been taken is started again, and never polled for an end that cannot come: whoever names a `start` in
 *    a dialect says that it may be repeated while the operation waits or runs. One that has ended is not: where a start may have been taken, the
 *    status is read before the next.
 * 2. Nothing in the answer is an end but a refusal: how the operation stands, its polls tell.
 */
import { passesByItself } from './answer';
import { pollSettingsOf } from './dialect-status';
import { failureOf } from './ends';
import { isWrong, type Monitor, type StatusDecision } from './monitor';
import { wantsHtml, type ReadAnswer } from './read-answer';
import { isThrottled, nextWait } from './retry-after';
import { busy, cookiesAfter, end, identityOf, notFound, redirectOf, unauthorized, unreadable, type Poll } from './trouble';

/** Whether the operation is to be started by the next question, and not asked how it stands. */
export function isToBeStarted({ start }: Pick<Monitor, 'start'>): boolean {
  return start !== undefined && start.mayBeTaken !== true;
}

/** Decides about an operation of which the last answer is that to its start. Pure. */
export function decideStart(read: ReadAnswer, poll: Poll): StatusDecision {
  const { monitor, settings, nowMs } = poll;
  const { httpStatus: code } = read.answer;
  if (passesByItself(code)) return isThrottled(read.answer, nowMs) || code === 425 ? busy(poll, read) : unsure(busy(poll, read), monitor);
  if (code === 401 || code === 403) return unauthorized(poll, code);
  // What answers with a page is a gateway, and has perhaps not handed it on.
  if (read.isHtml && !wantsHtml(monitor.headers)) {
    return unsure(unreadable(poll, `the answer to its start (${code}) is an HTML page`), monitor);
  }
  if (code < 300) return started(read, poll);
  if (code < 400) return unreadable(poll, redirectOf(read.answer, settings));
  if (code === 404) return notFound(poll);
  if (code === 410) return end(poll, 'OperationGone', 'the service no longer knows the operation that was to be started (410)');
  const name = monitor.operationId === undefined ? 'the operation' : `operation ${monitor.operationId}`;
  return failureOf('OperationFailed', `${name} was made, but the service refused to start it (${code})`, read, identityOf(monitor, read));
}

/** A start that may have been taken. */
export function unsure(decision: StatusDecision, monitor: Monitor): StatusDecision {
  if (decision.kind !== 'running' || monitor.start === undefined) return decision;
  return { ...decision, monitor: { ...(decision.monitor ?? monitor), start: { ...monitor.start, mayBeTaken: true } } };
}

/** After its status was read: one that is at no end is started again, which does nothing where it runs. */
export function startedAgain(decision: StatusDecision, monitor: Monitor): StatusDecision {
  if (decision.kind !== 'running' || isWrong(decision.trouble) || decision.notAsked === true || monitor.start === undefined)
    return decision;
  return { ...decision, monitor: { ...(decision.monitor ?? monitor), start: { ...monitor.start, mayBeTaken: undefined } } };
}

/** It runs, and its time counts from here. */
function started(read: ReadAnswer, poll: Poll): StatusDecision {
  const { monitor, settings, nowMs } = poll;
  const next: Monitor = { ...monitor, start: undefined, cookies: cookiesAfter(poll), tally: undefined, acceptedAtMs: nowMs };
  return { kind: 'running', ...nextWait(read.answer.headers, pollSettingsOf(settings.dialect, settings.poll, 0), nowMs), monitor: next };
}
