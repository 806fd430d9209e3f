/**
 * The audit log: one line for every request that may change something at a service, whoever asked for it.
 *
 * Keeps true: no query, header or body stands in it, and writing it never fails a request that was sent.
 */
import { Context } from '@temporalio/activity';
import type { HttpMethod } from '../contract';
import type { Exchange } from '../lro/answer';
import type { SubmitDecision } from '../lro/monitor';
import { oneLine } from '../lro/text';

/** Message of the lines, for those who filter by it. */
export const AUDIT_MESSAGE = 'request sent on behalf of a caller';

const MAX_PATH_CHARS = 1024;

/** Writes the line (level info): workflow, connection, method, host and path, outcome. Outside of an activity there is no log. */
export function audit(connection: string, { method, url }: { method: HttpMethod; url: string }, outcome: string): void {
  const context = contextOf();
  if (context === undefined) return;
  const { workflowExecution } = context.info;
  const { host, pathname } = URL.canParse(url) ? new URL(url) : { host: '', pathname: '' };
  context.log.info(AUDIT_MESSAGE, {
    audit: true,
    workflowId: workflowExecution?.workflowId,
    runId: workflowExecution?.runId,
    connection,
    method,
    host,
    path: oneLine(pathname, MAX_PATH_CHARS),
    outcome,
  });
}

function contextOf(): Context | undefined {
  try {
    return Context.current();
  } catch {
    return undefined;
  }
}

/** What became of a request, in a word: `accepted`, `SubmissionRejected 400`, `answered 204`, `noAnswer`. */
export function outcomeOf(came: Exchange | SubmitDecision): string {
  switch (came.kind) {
    case 'answer':
      return `answered ${came.httpStatus}`;
    case 'failed':
      return [came.failure.type, came.failure.httpStatus].filter((part) => part !== undefined).join(' ');
    default:
      return came.kind;
  }
}
