/** `@azure/core-lro` in this process and without durability. It has no HTTP of its own: that is its caller's. */
import { createHttpPoller, type OperationResponse } from '@azure/core-lro';
import { createDefaultHttpClient, createEmptyPipeline, createPipelineRequest, type HttpMethods } from '@azure/core-rest-pipeline';
import pLimit from 'p-limit';
import { exchange } from '../http-operation';
import { CONCURRENT_REQUESTS } from '../limits';

/** Sends a request. */
export type Send = (method: HttpMethods, url: string, body?: string) => Promise<OperationResponse>;

const client = createDefaultHttpClient();
const pipeline = createEmptyPipeline();
/** The pipeline itself would open a connection for each of thousands of operations. */
const limit = pLimit(CONCURRENT_REQUESTS);

function response(method: string, url: string, statusCode: number, headers: Record<string, string>, text: string): OperationResponse {
  const body: unknown = text === '' ? undefined : JSON.parse(text);
  return { flatResponse: body, rawResponse: { statusCode, headers, body, request: { method, url } } };
}

/** `@azure/core-rest-pipeline`, as in a client that Azure's tools generate, but without policies. */
export const PIPELINE: Send = async (method, url, body) => {
  const request = createPipelineRequest({ url, method, allowInsecureConnection: true, body });
  if (body !== undefined) request.headers.set('content-type', 'application/json');
  const { status, headers, bodyAsText } = await limit(() => pipeline.sendRequest(client, request));
  return response(method, url, status, headers.toJSON(), bodyAsText ?? '');
};

/** Node's own http, as for the other tools. */
export const NODE_HTTP: Send = async (method, url, body) => {
  const { httpStatus, headers, text } = await exchange(method, url, body);
  return response(method, url, httpStatus, headers as Record<string, string>, text);
};

/** Submits to `url` and polls until the end. Throws when the operation does not succeed. */
export async function runWithCoreLro(url: string, body: unknown, send = PIPELINE): Promise<void> {
  const poller = createHttpPoller(
    {
      sendInitialRequest: () => send('POST', url, JSON.stringify(body)),
      sendPollRequest: (path) => send('GET', new URL(path, url).toString()),
    },
    { intervalInMs: 1 },
  );
  await poller.pollUntilDone();
}
