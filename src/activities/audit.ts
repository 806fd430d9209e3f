/**
 * The audit log: one line for every request that may change something at a service, whoever asked for it.
 *
 * Keeps true: no query, header or body stands in it, and writing it never fails a request that was sent.
 */
import { Context } from '@temporalio/activity';
import type { HttpMethod } from '../contract';
import type { Exchange } from '../lro/answer';
import { requestIdsOf, type RequestIds } from '../lro/request-id';
import type { SubmitDecision } from '../lro/monitor';
import { oneLine } from '../lro/text';

/** Message of the lines, for those who filter by it. */
export const AUDIT_MESSAGE = 'request sent on behalf of a caller';

const MAX_PATH_CHARS = 1024;

/** What is known of a request besides its outcome. */
export interface Sent extends RequestIds {
  /** The worker's own id of its last try: what a service's support can look for where no answer came. */
  clientRequestId?: string;
  operationId?: string;
  /** Of a batch: the item's id. */
  item?: string;
}

/** The same, as it is filled in while a request is under way: `sent.onSent` goes into the request, and `sent.came` takes its exchange. */
export class SentRequest {
  private readonly sent: Sent = {};
  readonly onSent = (clientRequestId: string): void => void (this.sent.clientRequestId = clientRequestId);

  constructor(private readonly of: Pick<Sent, 'operationId' | 'item'> = {}) {}

  came(exchange: Exchange): Exchange {
    if (exchange.kind === 'answer') Object.assign(this.sent, requestIdsOf(exchange));
    return exchange;
  }

  get ids(): Sent {
    return { ...this.of, ...this.sent };
  }
}

/** Writes the line (level info): workflow, connection, method, host and path, outcome, ids. Outside of an activity there is no log. */
export function audit(connection: string, { method, url }: { method: HttpMethod; url: string }, outcome: string, ids: Sent): void {
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
    ...ids,
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
