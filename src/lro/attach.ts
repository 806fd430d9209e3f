/**
 * The monitor of an operation that was started elsewhere.
 */
import type { FileRef, FinalStateVia, HttpMethod } from '../contract';
import { planFinalGet } from './final-state';
import type { Monitor, MonitorStyle } from './monitor';
import { apiVersionOf, lastSegment, samePath } from './status-url';
import { masked } from './trust';

export interface Attached {
  connection: string;
  /** Absolute, without credentials, and trusted. */
  statusUrl: string;
  /** Where the submit went, as far as it is known. */
  requestUrl?: string;
  /** Of that submit. Default `POST`. */
  method?: HttpMethod;
  finalStateVia?: FinalStateVia;
  headers?: Record<string, string>;
  fetchResource?: boolean;
  resultFile?: FileRef;
}

/** What must be known to ask it. Its style is told by its answers, unless the status URL is the resource's own. Pure. */
export function attachedMonitor(attached: Attached, nowMs: number): Monitor {
  const { connection, statusUrl, requestUrl, method = 'POST', finalStateVia, headers, fetchResource, resultFile } = attached;
  const makesResource = method === 'PUT' || method === 'PATCH';
  const style = styleOf(statusUrl, requestUrl, method);
  return {
    connection,
    statusUrl,
    shownUrl: masked(statusUrl),
    style,
    operationId: style === 'unknown' ? lastSegment(statusUrl) : undefined,
    ...planFinalGet({ style, statusUrl, method, requestUrl, finalStateVia }),
    apiVersion: apiVersionOf(statusUrl) ?? (requestUrl === undefined ? undefined : apiVersionOf(requestUrl)),
    headers,
    fetchResource: fetchResource === true ? true : undefined,
    resultFile,
    makesResource: makesResource ? true : undefined,
    acceptedAtMs: nowMs,
  };
}

function styleOf(statusUrl: string, requestUrl: string | undefined, method: HttpMethod): MonitorStyle {
  if (requestUrl === undefined || !samePath(statusUrl, requestUrl)) return 'unknown';
  if (method === 'DELETE') return 'deletion';
  return method === 'PUT' || method === 'PATCH' || statusUrl === requestUrl ? 'resource' : 'unknown';
}
