/**
 * What a 2xx to a submit means where a connection's dialect says it. [protocol.md section 6]
 *
 * Keeps true: what may go on is never called a success; an answer that names nothing to poll is a protocol error that says what was looked for.
 */
import type { Dialect } from './dialect';
import {
  failedByDialect,
  firstUrl,
  namesOf,
  pollSettingsOf,
  readByDialect,
  requestsOf,
  succeededByDialect,
  whatItHad,
} from './dialect-status';
import { failureOf, requestLine } from './ends';
import { textOf, valueOf } from './expressions';
import type { Monitor, SubmitDecision } from './monitor';
import { createdOf, operationIdOf, shownWord } from './outcome';
import type { ReadAnswer } from './read-answer';
import { nextWait } from './retry-after';
import { apiVersionOf, lastSegment, namedStatusUrl } from './status-url';
import type { SubmitSuccess } from './submit-success';
import { isPlain } from './text';
import { masked } from './trust';

/** @param broken what to say of an answer that broke off, where nothing says whether there is something to follow */
export function decideSuccessByDialect(success: SubmitSuccess, dialect: Dialect, broken: () => SubmitDecision): SubmitDecision {
  const { read, context, settings, nowMs, cookies } = success;
  const { connection, headers, fetchResource, resultFile } = context;
  const line = requestLine(context.method, context.url);
  const names = namesOf(settings, { operationId: operationIdBy(dialect, read) });
  const statusUrl = firstUrl(dialect.pollingLocation, read, names, settings, namedStatusUrl);
  const monitor: Monitor = {
    connection,
    statusUrl: statusUrl ?? context.url,
    shownUrl: masked(statusUrl),
    style: 'monitor',
    operationId: names.operationId ?? (dialect.operationId === undefined && statusUrl !== undefined ? lastSegment(statusUrl) : undefined),
    apiVersion: apiVersionOf(context.url),
    headers,
    cookies,
    fetchResource: fetchResource === true ? true : undefined,
    resultFile,
    acceptedAtMs: nowMs,
  };
  const reading = readByDialect(read, context, settings, dialect);
  // A bare code says less than a place to poll: the answers of both may have the same.
  if (reading.kind === 'ended' && (statusUrl === undefined || saysIt(dialect, read))) {
    return reading.as === 'succeeded'
      ? succeededByDialect(reading.word, read, { ...monitor, statusUrl }, settings, dialect)
      : failedByDialect(reading, read, monitor, dialect);
  }
  if (statusUrl === undefined) {
    if (read.parsed.kind === 'broken') return broken();
    const isResult = (read.answer.httpStatus === 200 && !read.isHtml) || read.answer.httpStatus === 204;
    if (dialect.synchronous && isResult) {
      const plain: Dialect = { ...dialect, result: undefined, finalLocation: [] };
      return succeededByDialect('Succeeded', read, { ...monitor, statusUrl }, settings, plain);
    }
    return failureOf(
      'ProtocolError',
      `${line} was accepted, but the answer names nothing to poll: looked for ${wantedOf(dialect)}; ${whatItHad(read)}`,
      read,
    );
  }
  const requests = requestsOf(read, namesOf(settings, monitor), read.answer.url, settings, dialect);
  if ('lacks' in requests) {
    return failureOf('ProtocolError', `${line} was accepted, but its answer lacks ${requests.lacks}; ${whatItHad(read)}`, read);
  }
  const { poll } = settings;
  return {
    kind: 'accepted',
    monitor: { ...monitor, ...requests },
    // What is only made waits for nothing but its start.
    ...nextWait(
      read.answer.headers,
      requests.start === undefined ? pollSettingsOf(dialect, poll, 0) : { ...poll, defaultSeconds: 0 },
      nowMs,
    ),
    status: reading.kind === 'running' && reading.word !== undefined ? shownWord(reading.word) : undefined,
    ...createdOf(read.json),
  };
}

function wantedOf({ pollingLocation }: Dialect): string {
  return pollingLocation.map(({ text }) => text).join(', ');
}

/** Whether the end stands in more than the code of the answer. */
function saysIt(dialect: Dialect, read: ReadAnswer): boolean {
  if (dialect.status !== undefined && valueOf(dialect.status, read) !== undefined) return true;
  return dialect.rules.some(
    ({ when, then }) =>
      then !== 'running' &&
      when.some(
        ({ expression, exists }) => exists !== false && expression.kind !== 'statusCode' && valueOf(expression, read) !== undefined,
      ),
  );
}

/** The id by which the API knows the operation; plain text of a reasonable length only. */
function operationIdBy({ operationId }: Dialect, read: ReadAnswer): string | undefined {
  const id = operationId === undefined ? operationIdOf(read.json) : textOf(operationId, read, {});
  return id === undefined || id.length > 512 || !isPlain(id) ? undefined : id;
}
