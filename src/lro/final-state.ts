/**
 * Where the result is read after success. [protocol.md section 2, final-state-via; autorest x-ms-long-running-operation-options]
 */
import type { Json } from '../contract';
import { stringField } from './body';
import type { Answer } from './answer';
import type { Fetch, Monitor, SubmitContext } from './monitor';
import type { ProtocolSettings } from './settings';
import { absoluteUrl, headerUrl, withApiVersion } from './status-url';

/** What the submit already says about the final GET of an operation with a status monitor of its own. */
export function planFinalGet(
  answer: Answer,
  statusUrl: string,
  context: SubmitContext,
  settings: ProtocolSettings,
): Pick<Monitor, 'finalUrl' | 'finalUrlIsChosen' | 'mayFetch'> {
  const location = headerUrl(answer, 'Location', settings);
  switch (context.finalStateVia) {
    case 'operation-location':
    case 'azure-async-operation':
      return { mayFetch: false };
    case 'original-uri':
      return { finalUrl: context.url, finalUrlIsChosen: true };
    case 'location':
      return location === undefined || location === statusUrl ? {} : { finalUrl: location, finalUrlIsChosen: true };
    case undefined:
      break;
  }
  const byMethod = { PUT: context.url, PATCH: location ?? context.url, POST: location, GET: undefined, DELETE: undefined }[context.method];
  // `Location` may repeat the monitor's own URL: asking that once more would bring nothing.
  return byMethod === undefined || byMethod === statusUrl ? {} : { finalUrl: byMethod };
}

/**
 * What is still to be read after a success: the final GET (where the caller chose; else the body's `resourceLocation` where it names
 * one, else as planned at submission), and the resource itself where the caller wants it. One GET where both are the same.
 */
export function fetchesAfter(
  monitor: Pick<
    Monitor,
    'connection' | 'finalUrl' | 'finalUrlIsChosen' | 'mayFetch' | 'apiVersion' | 'headers' | 'cookies' | 'fetchResource'
  >,
  answer: Answer,
  body: Json | undefined,
  resourceLocation: string | undefined,
  settings: ProtocolSettings,
): Fetch[] {
  const named = monitor.finalUrlIsChosen === true ? undefined : absoluteUrl(stringField(body, 'resourceLocation'), answer.url, settings);
  const finalUrl = monitor.mayFetch === false ? undefined : (named ?? monitor.finalUrl);
  const resourceUrl = monitor.fetchResource === true ? resourceLocation : undefined;
  const fetch = (url: string, into: Fetch['into']): Fetch => ({
    connection: monitor.connection,
    url: withApiVersion(url, monitor.apiVersion),
    into,
    ...(monitor.headers === undefined ? {} : { headers: monitor.headers }),
    ...(monitor.cookies === undefined ? {} : { cookies: monitor.cookies }),
  });
  if (finalUrl !== undefined && finalUrl === resourceUrl) return [fetch(finalUrl, ['body', 'resource'])];
  return [
    ...(finalUrl === undefined ? [] : [fetch(finalUrl, ['body'])]),
    ...(resourceUrl === undefined ? [] : [fetch(resourceUrl, ['resource'])]),
  ];
}
