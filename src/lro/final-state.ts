/**
 * Where the result is read after success. [protocol.md section 2, final-state-via; autorest x-ms-long-running-operation-options]
 */
import type { FinalStateVia, HttpMethod } from '../contract';
import { stringField } from './body';
import type { Fetch, Monitor, MonitorStyle } from './monitor';
import type { ReadAnswer } from './read-answer';
import type { ProtocolSettings } from './settings';
import { absoluteUrl, locationUrl, throughGateway, withApiVersion } from './status-url';
import { judgeUrl } from './trust';

export type FinalPlan = Pick<Monitor, 'finalUrl' | 'finalUrlIsChosen' | 'mayFetch' | 'resultAtLocation'>;

/** What is known of an operation when it is accepted. */
interface Submitted {
  style: MonitorStyle;
  statusUrl: string;
  method: HttpMethod;
  /** Unknown of an operation that was started elsewhere, where nobody says it. */
  requestUrl?: string;
  finalStateVia?: FinalStateVia;
  /** Of the submit's answer. */
  location?: string;
}

/** What the submit already says about the final GET. */
export function planFinalGet({ style, statusUrl, method, requestUrl, finalStateVia, location }: Submitted): FinalPlan {
  const at = (url: string | undefined, chosen: boolean): FinalPlan => {
    // Asking the monitor once more would bring nothing.
    if (url === undefined || url === statusUrl) return {};
    return chosen ? { finalUrl: url, finalUrlIsChosen: true } : { finalUrl: url };
  };
  const hasMonitor = style === 'monitor';
  switch (finalStateVia) {
    case 'operation-location':
    case 'azure-async-operation':
      return { mayFetch: false };
    case 'original-uri':
      return at(requestUrl, true);
    case 'location':
      if (style === 'unknown') return { resultAtLocation: true };
      return hasMonitor ? at(location, true) : { mayFetch: false, resultAtLocation: true };
    case undefined:
      break;
  }
  // Without a monitor, the last answer is the result.
  if (!hasMonitor && style !== 'unknown') return {};
  const byMethod = { PUT: requestUrl, PATCH: location ?? requestUrl, POST: location, GET: undefined, DELETE: undefined }[method];
  return at(byMethod, false);
}

/**
 * What is still to be read after a success: the final GET (where the caller chose; else the body's `resourceLocation` where it names
 * one, else as planned at submission), and the resource itself where the caller wants it. One GET where both are the same.
 */
export function fetchesAfter(
  monitor: FinalPlan &
    Pick<Monitor, 'connection' | 'apiVersion' | 'headers' | 'cookies' | 'fetchResource' | 'resultFile'> & {
      statusUrl?: string;
    },
  { answer, json }: ReadAnswer,
  resourceLocation: string | undefined,
  settings: ProtocolSettings,
): Fetch[] | undefined {
  const { connection, apiVersion, headers, cookies, resultFile, finalUrl, finalUrlIsChosen, mayFetch, resultAtLocation } = monitor;
  const whole = (url: string | undefined) => (url === undefined ? undefined : withApiVersion(url, apiVersion));
  const atLocation = resultAtLocation === true ? whole(locationUrl(answer, settings)) : undefined;
  const named = finalUrlIsChosen === true ? undefined : absoluteUrl(stringField(json, 'resourceLocation'), answer.url, settings);
  const planned = mayFetch === false ? undefined : whole(named ?? finalUrl);
  // Many answers repeat their own URL there.
  const resultUrl = atLocation === undefined || atLocation.toLowerCase() === monitor.statusUrl?.toLowerCase() ? planned : atLocation;
  const resourceUrl = monitor.fetchResource === true ? whole(resourceLocation) : undefined;
  const fetch = (url: string, into: Fetch['into']): Fetch => ({
    ...{ connection, url: reachable(url, settings), into, headers, cookies },
    file: into.includes('body') ? resultFile : undefined,
  });
  const fetches =
    resultUrl !== undefined && resultUrl === resourceUrl
      ? [fetch(resultUrl, ['body', 'resource'])]
      : [
          ...(resultUrl === undefined ? [] : [fetch(resultUrl, ['body'])]),
          ...(resourceUrl === undefined ? [] : [fetch(resourceUrl, ['resource'])]),
        ];
  return fetches.length === 0 ? undefined : fetches;
}

/** A service behind a gateway names its own host, which is not trusted; what is trusted is read where it is. */
function reachable(url: string, settings: ProtocolSettings): string {
  return judgeUrl(url, settings.trust).kind === 'withCredentials' ? url : throughGateway(url, settings);
}
