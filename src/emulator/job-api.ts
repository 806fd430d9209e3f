/** A job API below `/apis/{name}`: what a row of the table in `job-apis.ts` says, and how requests are answered by it. */
import type { Answer } from './answer';
import { Refusal } from './answer';
import type { OperationRecord, OperationStatus } from './operation';
import { errorOf, isTerminal, preciseNowMs, statusAt } from './operation';
import { retryAfterHeaders } from './operations';
import type { ServiceContext } from './service';
import type { ServiceRequest } from './service-request';

/** An operation as its API shows it now. */
export interface Job {
  id: string;
  /** The API's base URL, as callers see it. */
  url: string;
  status: OperationStatus | 'Created';
  /** The API's own word for it. */
  word: string;
  ended: boolean;
  error?: { code: string; message: string };
  result: unknown;
}

type Route = 'poll' | 'start' | 'cancel' | 'result';

export interface JobApi {
  /** Words of its states; `Created` where a second request starts a job. */
  words: Readonly<Record<OperationStatus, string>> & { Created?: string };
  /** `GET /jobs/{id}`; where there is no `{id}` it stands in the query or the JSON body, by this name. */
  routes: Readonly<Record<string, Route>>;
  idField?: string;
  /** Ids are whole numbers. */
  numbers?: true;
  /** Where the key of a submit stands, besides the usual headers. */
  key?: { in: 'query' | 'body'; name: string };
  accepted: (job: Job) => Answer;
  poll: (job: Job) => Answer;
  canceled: (job: Job) => Answer;
  /** Of a job that has succeeded; default its result. */
  result?: (job: Job) => Answer;
  /** Polls of open jobs say when to come again. */
  retryAfter?: true;
  /** Parameters that each of its status URLs carries, and without which it is refused. */
  ownQuery?: Readonly<Record<string, string>>;
}

interface Found {
  route: Route;
  id: string;
}

export async function answerJobApi(
  api: JobApi,
  name: string,
  path: string,
  request: ServiceRequest,
  context: ServiceContext,
): Promise<Answer> {
  const body = await request.readJson();
  const found = routeOf(api, request, path, body);
  const url = `${request.origin}/apis/${name}`;
  if (found === undefined) return submitted(api, name, path, url, body, request, context);
  for (const [parameter, value] of Object.entries(api.ownQuery ?? {})) {
    if (request.query.get(parameter) !== value) throw new Refusal(401, 'Unauthorized', `The parameter ${parameter} of the URL is wrong.`);
  }
  const { operations, store, settings } = context;
  // Numbers are names of operations that have longer ones.
  const key = store.operationIdOfStatusKey(found.id) ?? found.id;
  const { operation } = operations.monitor(key, (moved) => moved.statusKey);
  const { operationId } = operation;
  const job = jobOf(api, operation, url, found.id);
  switch (found.route) {
    case 'start':
      if (job.status === 'Created') store.updateOperation({ ...operation, ...STARTED, createdAtMs: preciseNowMs() });
      return { httpStatus: 202, operationId };
    case 'cancel': {
      // What is not started has nothing to cancel.
      const canceled = job.status === 'Created' ? operation : operations.cancel(operation.statusKey);
      return { ...api.canceled(jobOf(api, canceled, url, found.id)), operationId };
    }
    case 'result':
      if (job.status !== 'Succeeded') throw new Refusal(404, 'NotFound', `Job ${found.id} has no result.`);
      return { ...(api.result?.(job) ?? { httpStatus: 200, body: job.result }), operationId };
    case 'poll': {
      const answer = api.poll(job);
      const wait = api.retryAfter === true && !job.ended ? retryAfterHeaders(operation, settings) : {};
      return { ...answer, headers: { ...wait, ...answer.headers }, operationId };
    }
  }
}

/** Until it is started an operation is held; what was to be held then is kept beside. */
const WAITING = { hold: true, properties: { isStarted: false } };
const STARTED = { hold: undefined, properties: { isStarted: true } };

function submitted(
  api: JobApi,
  name: string,
  path: string,
  url: string,
  body: unknown,
  request: ServiceRequest,
  { operations, store }: ServiceContext,
): Answer {
  if (request.method !== 'POST') throw new Refusal(404, 'NotFound', `There is nothing at ${request.method} ${path}.`);
  if (api.key !== undefined)
    request.ownKey = api.key.in === 'query' ? (request.query.get(api.key.name) ?? undefined) : fieldOf(body, api.key.name);
  const operation = operations.accept(request, { family: name, collection: path, result: { path, input: body ?? null } });
  if (api.words.Created !== undefined && operation.properties === undefined) store.updateOperation(Object.assign(operation, WAITING));
  const { operationId, submitCount } = operation;
  const id = api.numbers === true ? numberOf(operationId) : operationId;
  if (api.numbers === true && submitCount === 1) store.setStatusKey(id, operationId);
  return { ...api.accepted(jobOf(api, operation, url, id)), operationId };
}

/** A number that JSON carries whole, made of an id's first digits. */
function numberOf(operationId: string): string {
  return String(parseInt(operationId.replaceAll(/[^0-9a-f]/gi, '').slice(0, 12), 16));
}

function jobOf(api: JobApi, operation: OperationRecord, url: string, id: string): Job {
  const isCreated = operation.properties?.isStarted === false;
  const status = isCreated ? 'Created' : statusAt(operation, preciseNowMs());
  const ended = status !== 'Created' && isTerminal(status);
  const { code = 'Failed', message = 'It has failed.' } = (ended ? errorOf(operation, status) : undefined) ?? {};
  return {
    id,
    url,
    status,
    word: status === 'Created' ? (api.words.Created ?? '') : api.words[status],
    ended,
    error: ended && status !== 'Succeeded' ? { code, message } : undefined,
    result: operation.result,
  };
}

function routeOf({ routes, idField = 'id' }: JobApi, request: ServiceRequest, path: string, body: unknown): Found | undefined {
  for (const [line, route] of Object.entries(routes)) {
    const [method, template = ''] = line.split(' ');
    if (method !== request.method) continue;
    const pattern = template.split('{id}').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    const match = new RegExp(`^${pattern.join('([^/:]+)')}$`).exec(path);
    if (match !== null) return { route, id: match[1] ?? request.query.get(idField) ?? fieldOf(body, idField) ?? '' };
  }
  return undefined;
}

function fieldOf(body: unknown, name: string): string | undefined {
  const value = body !== null && typeof body === 'object' ? (body as Record<string, unknown>)[name] : undefined;
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}
