/** Answers of a service that many rows have in common. */
import type { Script, ScriptedAnswer } from '../scripted-service';

/** Longer than any row takes: what waits so long waits until something else happens. */
export const HOUR = '3600';

export const STATUS = 'GET /operations/1';
export const SUBMIT = 'POST /things';
export const CANCEL = 'POST /operations/1:cancel';
export const FINAL = 'GET /things/1';
export const CANCELLABLE = { path: '{statusPath}:cancel' };

export function accepted(headers: Record<string, string> = {}): ScriptedAnswer {
  return { httpStatus: 202, headers: { 'Operation-Location': '{base}/operations/1', ...headers } };
}

/** Accepted, with a monitor and a place where the result will be. */
export const ACCEPTED_WITH_RESULT = accepted({ Location: '{base}/things/1' });

/** To a cancel call. */
export const CANCELING: ScriptedAnswer = { httpStatus: 202 };

/** A poll is due at once without `Retry-After`: the connections of these tests have no default interval. */
export function running(retryAfter?: string): ScriptedAnswer {
  return { headers: retryAfter === undefined ? {} : { 'Retry-After': retryAfter }, body: { operationId: 'op-1', status: 'Running' } };
}

export const SUCCEEDED: ScriptedAnswer = {
  headers: { 'Resource-Location': '{base}/things/1' },
  body: { operationId: 'op-1', status: 'Succeeded', properties: { size: 3 } },
};
export const FAILED: ScriptedAnswer = {
  body: { operationId: 'op-1', status: 'Failed', error: { code: 'BadDrawing', message: 'no layer' } },
};
export const CANCELED: ScriptedAnswer = { body: { operationId: 'op-1', status: 'Canceled' } };

export function refused(httpStatus: number, headers: Record<string, string> = {}): ScriptedAnswer {
  return { httpStatus, headers, body: { error: { code: `E${httpStatus}`, message: 'it is not to be' } } };
}

/** Accepted, and then these answers to polls. */
export function follow(...polls: ScriptedAnswer[]): Script {
  return { [SUBMIT]: [accepted()], [STATUS]: polls };
}
