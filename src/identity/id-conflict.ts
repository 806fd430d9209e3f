/**
 * Failure `IdConflict`: a workflow id that belongs to another request.
 *
 * Keeps true: it names both requests, and repeats neither bodies nor query strings, which may be secret.
 */
import { DEFAULT_CONNECTION, type FailureDetails, type OperationFields } from '../contract';

/** One of the two requests. */
export interface RequestIdentity {
  workflowType: string;
  /** `POST /tilesets · maps`, where it is known. */
  title?: string;
  /** Of its input. */
  digest: string;
}

/** The failure of a request that meets another one under its id; undefined where both are the same. */
export function idConflict(workflowId: string, holder: RequestIdentity, request: RequestIdentity): FailureDetails | undefined {
  if (holder.workflowType === request.workflowType && holder.digest === request.digest) return undefined;
  return {
    type: 'IdConflict',
    message:
      `workflow id "${workflowId}" belongs to another request: ${nameOf(holder)}; this one is ${nameOf(request)}; ` +
      'nothing was started: give this request an id of its own',
  };
}

function nameOf({ workflowType, title, digest }: RequestIdentity): string {
  const what = title === undefined || title === '' ? workflowType : `${workflowType} "${title}"`;
  return `${what} (input ${digest.slice(0, 16)})`;
}

const MAX_TITLE_CHARS = 200;

/** `POST /tilesets · maps`: of an input that nobody has checked yet. */
export function operationTitle(input: OperationFields): string {
  const { connection = DEFAULT_CONNECTION, submit } = input as Partial<Record<keyof OperationFields, unknown>>;
  const { method = 'POST', path } = (submit ?? {}) as { method?: unknown; path?: unknown };
  const what = typeof path === 'string' ? `${String(method)} ${path.split('?')[0] ?? ''}` : 'follow';
  return `${what} · ${String(connection)}`.slice(0, MAX_TITLE_CHARS);
}
