/**
 * What the answer to the request that starts an operation means, where its submit only made it. [protocol.md section 6, start step]
 *
 * Keeps true:
 * 1. An operation whose start may not have been taken is started again, and never polled for an end that cannot come: whoever names a `start` in
 *    a dialect says that it may be repeated.
 * 2. Nothing in the answer is an end but a refusal: how the operation stands, its polls tell.
 */
import { passesByItself } from './answer';
import { pollSettingsOf } from './dialect-status';
import { failureOf } from './ends';
import type { Monitor, StatusDecision } from './monitor';
import { wantsHtml, type ReadAnswer } from './read-answer';
import { nextWait } from './retry-after';
import { busy, cookiesAfter, end, identityOf, notFound, redirectOf, unauthorized, unreadable, type Poll } from './trouble';

/** Decides about an operation of which the last answer is that to its start. Pure. */
export function decideStart(read: ReadAnswer, poll: Poll): StatusDecision {
  const { monitor, settings } = poll;
  const { httpStatus: code } = read.answer;
  if (passesByItself(code)) return busy(poll, read);
  if (code === 401 || code === 403) return unauthorized(poll, code);
  // What answers with a page is a gateway, and has perhaps not handed it on.
  if (read.isHtml && !wantsHtml(monitor.headers)) return unreadable(poll, `the answer to its start (${code}) is an HTML page`);
  if (code < 300) return started(read, poll);
  if (code < 400) return unreadable(poll, redirectOf(read.answer, settings));
  if (code === 404) return notFound(poll);
  if (code === 410) return end(poll, 'OperationGone', 'the service no longer knows the operation that was to be started (410)');
  const name = monitor.operationId === undefined ? 'the operation' : `operation ${monitor.operationId}`;
  return failureOf('OperationFailed', `${name} was made, but the service refused to start it (${code})`, read, identityOf(monitor, read));
}

/** It runs, and its time counts from here. */
function started(read: ReadAnswer, poll: Poll): StatusDecision {
  const { monitor, settings, nowMs } = poll;
  const next: Monitor = { ...monitor, start: undefined, cookies: cookiesAfter(poll), tally: undefined, acceptedAtMs: nowMs };
  return { kind: 'running', ...nextWait(read.answer.headers, pollSettingsOf(settings.dialect, settings.poll, 0), nowMs), monitor: next };
}
