/**
 * Job APIs that are none of Azure's, each below `/apis/{name}` and told of by one row: the shapes are those of the providers' documents, which the
 * presets of `lro/dialects` name. All use the operations, plans and faults of the others.
 */
import type { JobApi } from './job-api';
import { answerJobApi } from './job-api';
import type { Service, ServiceContext } from './service';

/** Of the URLs of a Durable Functions instance. */
const INSTANCE_CODE = 'emulator-instance-code';
const INSTANCE = '/runtime/webhooks/durabletask/instances/{id}';

const APIS: Readonly<Record<string, JobApi>> = {
  'aip-151': {
    words: { NotStarted: '', Running: '', Succeeded: '', Failed: '', Canceled: '' },
    routes: { 'GET /operations/{id}': 'poll', 'POST /operations/{id}:cancel': 'cancel' },
    accepted: ({ id }) => ({ httpStatus: 200, body: { name: `operations/${id}`, done: false } }),
    poll: ({ id, status, ended, error, result }) => {
      const code = status === 'Canceled' ? 1 : 13;
      const end = error === undefined ? { response: result } : { error: { code, message: error.message, details: [] } };
      return { httpStatus: 200, body: { name: `operations/${id}`, ...(ended ? { done: true, ...end } : {}) } };
    },
    canceled: () => ({ httpStatus: 200, body: {} }),
  },
  'ogc-processes': {
    words: { NotStarted: 'accepted', Running: 'running', Succeeded: 'successful', Failed: 'failed', Canceled: 'dismissed' },
    routes: { 'GET /jobs/{id}': 'poll', 'DELETE /jobs/{id}': 'cancel', 'GET /jobs/{id}/results': 'result' },
    accepted: ({ id, url, word }) => ({ httpStatus: 201, headers: { Location: `${url}/jobs/${id}` }, body: { jobID: id, status: word } }),
    poll: ({ id, word, error }) => ({ httpStatus: 200, body: { jobID: id, status: word, message: error?.message } }),
    canceled: ({ id, word }) => ({ httpStatus: 200, body: { jobID: id, status: word, message: 'Job dismissed' } }),
  },
  openeo: {
    words: { Created: 'created', NotStarted: 'queued', Running: 'running', Succeeded: 'finished', Failed: 'error', Canceled: 'canceled' },
    routes: {
      'GET /jobs/{id}': 'poll',
      'POST /jobs/{id}/results': 'start',
      'DELETE /jobs/{id}/results': 'cancel',
      'GET /jobs/{id}/results': 'result',
    },
    accepted: ({ id, url }) => ({ httpStatus: 201, headers: { Location: `${url}/jobs/${id}`, 'OpenEO-Identifier': id } }),
    poll: ({ id, word }) => ({ httpStatus: 200, body: { id, status: word } }),
    canceled: () => ({ httpStatus: 204 }),
  },
  'openai-batches': {
    words: { NotStarted: 'validating', Running: 'in_progress', Succeeded: 'completed', Failed: 'failed', Canceled: 'cancelled' },
    routes: { 'GET /batches/{id}': 'poll', 'POST /batches/{id}/cancel': 'cancel', 'GET /files/{id}/content': 'result' },
    accepted: ({ id, word }) => ({ httpStatus: 200, body: { id, object: 'batch', status: word } }),
    poll: ({ id, word, status, error }) => ({
      httpStatus: 200,
      body: {
        ...{ id, object: 'batch', status: word, output_file_id: status === 'Succeeded' ? id : null, error_file_id: null },
        errors: error === undefined ? null : { object: 'list', data: [error] },
      },
    }),
    canceled: ({ id, word }) => ({ httpStatus: 200, body: { id, object: 'batch', status: word } }),
  },
  'openai-videos': {
    words: { NotStarted: 'queued', Running: 'in_progress', Succeeded: 'completed', Failed: 'failed', Canceled: 'cancelled' },
    routes: { 'GET /videos/{id}': 'poll', 'GET /videos/{id}/content': 'result' },
    accepted: ({ id, word }) => ({ httpStatus: 200, body: { id, object: 'video', status: word, progress: 0 } }),
    poll: ({ id, word, error = null }) => ({ httpStatus: 200, body: { id, object: 'video', status: word, error } }),
    canceled: () => ({ httpStatus: 404 }),
    result: () => ({ httpStatus: 200, headers: { 'Content-Type': 'video/mp4' }, rawBody: Buffer.from('00000018667479706d703432', 'hex') }),
  },
  replicate: {
    words: { NotStarted: 'starting', Running: 'processing', Succeeded: 'succeeded', Failed: 'failed', Canceled: 'canceled' },
    routes: { 'GET /predictions/{id}': 'poll', 'POST /predictions/{id}/cancel': 'cancel' },
    accepted: ({ id, url, word }) => ({
      httpStatus: 201,
      body: { id, status: word, error: null, urls: { get: `${url}/predictions/${id}`, cancel: `${url}/predictions/${id}/cancel` } },
    }),
    poll: ({ id, word, status, error, result }) => ({
      httpStatus: 200,
      body: { id, status: word, output: status === 'Succeeded' ? result : null, error: error?.message ?? null },
    }),
    canceled: ({ id, word }) => ({ httpStatus: 200, body: { id, status: word } }),
  },
  'fal-queue': {
    words: { NotStarted: 'IN_QUEUE', Running: 'IN_PROGRESS', Succeeded: 'COMPLETED', Failed: 'COMPLETED', Canceled: 'COMPLETED' },
    routes: { 'GET /requests/{id}/status': 'poll', 'PUT /requests/{id}/cancel': 'cancel', 'GET /requests/{id}': 'result' },
    accepted: ({ id, url }) => {
      const response = `${url}/requests/${id}`;
      const urls = { response_url: response, status_url: `${response}/status`, cancel_url: `${response}/cancel` };
      return { httpStatus: 200, body: { request_id: id, ...urls } };
    },
    poll: ({ id, url, word, ended, error }) => ({
      httpStatus: ended ? 200 : 202,
      body: { status: word, response_url: `${url}/requests/${id}`, error: error?.message, error_type: error?.code },
    }),
    canceled: () => ({ httpStatus: 202, body: { status: 'CANCELLATION_REQUESTED' } }),
  },
  'snowflake-sql': {
    words: { NotStarted: '333334', Running: '333334', Succeeded: '090001', Failed: '002140', Canceled: '000604' },
    routes: { 'GET /api/v2/statements/{id}': 'poll', 'POST /api/v2/statements/{id}/cancel': 'cancel' },
    key: { in: 'query', name: 'requestId' },
    accepted: ({ id, url, word }) => {
      const statementStatusUrl = `${new URL(url).pathname}/api/v2/statements/${id}`;
      return {
        httpStatus: 202,
        body: { code: word, message: 'Asynchronous execution in progress.', statementHandle: id, statementStatusUrl },
      };
    },
    poll: ({ id, word, ended, error, result }) => ({
      httpStatus: error === undefined ? (ended ? 200 : 202) : 422,
      body: {
        code: word,
        statementHandle: id,
        message: error?.message,
        data: ended && error === undefined ? [[JSON.stringify(result)]] : undefined,
      },
    }),
    canceled: ({ id }) => ({ httpStatus: 200, body: { code: '0', message: 'successfully canceled', statementHandle: id } }),
  },
  'databricks-runs': {
    words: { NotStarted: 'PENDING', Running: 'RUNNING', Succeeded: 'TERMINATED', Failed: 'TERMINATED', Canceled: 'TERMINATED' },
    routes: { 'GET /jobs/runs/get': 'poll', 'POST /jobs/runs/cancel': 'cancel' },
    idField: 'run_id',
    numbers: true,
    key: { in: 'body', name: 'idempotency_token' },
    accepted: ({ id }) => ({ httpStatus: 200, body: { run_id: Number(id) } }),
    poll: ({ id, word, status, ended, error }) => {
      const results: Partial<Record<string, string>> = { Succeeded: 'SUCCESS', Failed: 'FAILED', Canceled: 'CANCELED' };
      const state = { life_cycle_state: word, result_state: ended ? results[status] : undefined, state_message: error?.message ?? '' };
      return { httpStatus: 200, body: { run_id: Number(id), state } };
    },
    canceled: () => ({ httpStatus: 200, body: {} }),
  },
  'fhir-export': {
    words: { NotStarted: 'in progress', Running: 'in progress', Succeeded: '', Failed: '', Canceled: '' },
    routes: { 'GET /status/{id}': 'poll', 'DELETE /status/{id}': 'cancel' },
    retryAfter: true,
    accepted: ({ id, url }) => ({ httpStatus: 202, headers: { 'Content-Location': `${url}/status/${id}` } }),
    poll: ({ id, url, word, ended, error }) => {
      if (!ended) return { httpStatus: 202, headers: { 'X-Progress': word } };
      const issue = [{ severity: 'error', code: 'processing', details: { text: error?.message } }];
      if (error !== undefined) return { httpStatus: 500, body: { resourceType: 'OperationOutcome', issue } };
      return { httpStatus: 200, body: { requiresAccessToken: true, output: [{ type: 'Patient', url: `${url}/files/${id}` }], error: [] } };
    },
    canceled: () => ({ httpStatus: 202 }),
  },
  'durable-functions': {
    words: { NotStarted: 'Pending', Running: 'Running', Succeeded: 'Completed', Failed: 'Failed', Canceled: 'Terminated' },
    routes: { [`GET ${INSTANCE}`]: 'poll', [`POST ${INSTANCE}/terminate`]: 'cancel' },
    retryAfter: true,
    ownQuery: { code: INSTANCE_CODE },
    accepted: ({ id, url }) => {
      const instance = `${url}${INSTANCE.replace('{id}', () => id)}`;
      const statusQueryGetUri = `${instance}?code=${INSTANCE_CODE}`;
      const terminatePostUri = `${instance}/terminate?reason={text}&code=${INSTANCE_CODE}`;
      return { httpStatus: 202, headers: { Location: statusQueryGetUri }, body: { id, statusQueryGetUri, terminatePostUri } };
    },
    poll: ({ id, word, ended, status, error, result }) => ({
      httpStatus: ended ? 200 : 202,
      body: { instanceId: id, runtimeStatus: word, output: status === 'Succeeded' ? result : (error?.message ?? null) },
    }),
    canceled: () => ({ httpStatus: 202 }),
  },
};

export function jobApisService(context: ServiceContext): Service {
  return async (request) => {
    const [, name = '', path = '/'] = /^\/apis\/([\w-]+)(\/.*)?$/.exec(request.path) ?? [];
    const api = Object.hasOwn(APIS, name) ? APIS[name] : undefined;
    return api === undefined ? undefined : answerJobApi(api, name, path, request, context);
  };
}
