/**
 * `@azure/core-lro` in its own HTTP pipeline, in this process and without durability: the ceiling that a durable worker is compared with.
 */
import { createHttpPoller, type OperationResponse } from '@azure/core-lro';
import {
  createDefaultHttpClient,
  createEmptyPipeline,
  createPipelineRequest,
  type HttpMethods,
  type PipelineResponse,
} from '@azure/core-rest-pipeline';
import pLimit from 'p-limit';
import { CONCURRENT_REQUESTS } from '../limits';

const client = createDefaultHttpClient();
const pipeline = createEmptyPipeline();
/** The pipeline itself would open a connection for each of thousands of operations. */
const limit = pLimit(CONCURRENT_REQUESTS);

async function send(method: HttpMethods, url: string, body?: string): Promise<OperationResponse> {
  const request = createPipelineRequest({ url, method, allowInsecureConnection: true, body });
  if (body !== undefined) request.headers.set('content-type', 'application/json');
  const response: PipelineResponse = await limit(() => pipeline.sendRequest(client, request));
  const parsed: unknown = response.bodyAsText ? JSON.parse(response.bodyAsText) : undefined;
  return {
    flatResponse: parsed,
    rawResponse: { statusCode: response.status, headers: response.headers.toJSON(), body: parsed, request: { method, url } },
  };
}

/** Submits to `url` and polls until the end. Throws when the operation does not succeed. */
export async function runWithCoreLro(url: string, body: unknown): Promise<void> {
  const poller = createHttpPoller(
    {
      sendInitialRequest: () => send('POST', url, JSON.stringify(body)),
      sendPollRequest: (path) => send('GET', new URL(path, url).toString()),
    },
    { intervalInMs: 1 },
  );
  await poller.pollUntilDone();
}
