/** Every preset, with answers in the shape of the examples in the documents that its file names. */
import type { Json } from '../../src/contract';
import { decideCancel } from '../../src/lro/cancel';
import { PRESETS } from '../../src/lro/dialects';
import type { Monitor } from '../../src/lro/monitor';
import { answer, NOW_MS } from '../protocol/given';
import { accepted, BASE, polled, settingsOf, submitted } from './given';

interface Told {
  code?: number;
  body?: Json;
  headers?: Record<string, string>;
}

interface Example {
  preset: string;
  baseUrl?: string;
  submit: Told;
  statusUrl: string;
  operationId?: string;
  cancel?: Monitor['cancel'];
  start?: Monitor['start'];
  running: Told[];
  succeeded: Told & { result?: Json; readsAt?: string; resourceLocation?: string };
  failed: (Told & { says?: string })[];
  canceled?: Told[];
}

const LRO = { '@type': 'type.googleapis.com/example.Metadata' };
const INSTANCE = 'https://api.example.com/runtime/webhooks/durabletask/instances/7af46ff5';
const PREDICTION = 'https://api.example.com/v1/predictions/gm3qorzdhgbfurvjtvhg6dckhu';
const FAL = 'https://api.example.com/fal-ai/fast-sdxl/requests/80e732af-660e-45cd-bd63-580e4f2a94cc';
const batch = (more: object): Json => ({
  id: 'batch_abc123',
  object: 'batch',
  errors: null,
  output_file_id: null,
  error_file_id: null,
  ...more,
});
const video = (more: object): Json => ({ id: 'video_123', object: 'video', model: 'sora-2', error: null, ...more });
const run = (state: Json): Json => ({ job_id: 11, run_id: 455644833, number_in_job: 455644833, state });
const statement = (more: object): Json => ({
  sqlState: '00000',
  statementHandle: 'e4ce975e-f7ff-4b5e-b15e-bf25f59371ae',
  statementStatusUrl: '/api/v2/statements/e4ce975e-f7ff-4b5e-b15e-bf25f59371ae',
  ...more,
});
const outcome = (text: string): Json => ({
  resourceType: 'OperationOutcome',
  issue: [{ severity: 'error', code: 'exception', details: { text } }],
});
const instance = (runtimeStatus: string, output: Json): Json => ({
  name: 'E1',
  instanceId: '7af46ff5',
  runtimeStatus,
  input: null,
  customStatus: null,
  output,
});

const examples: Example[] = [
  {
    preset: 'aip-151',
    submit: { code: 200, body: { name: 'projects/p/operations/op-1', metadata: LRO } },
    statusUrl: `${BASE}/projects/p/operations/op-1`,
    operationId: 'projects/p/operations/op-1',
    cancel: { method: 'POST', url: `${BASE}/projects/p/operations/op-1:cancel`, body: {} },
    running: [
      { body: { name: 'projects/p/operations/op-1', metadata: LRO } },
      { body: { name: 'projects/p/operations/op-1', done: false } },
    ],
    succeeded: { body: { name: 'projects/p/operations/op-1', done: true, response: { uri: 'gs://b/o' } }, result: { uri: 'gs://b/o' } },
    failed: [
      {
        body: { name: 'projects/p/operations/op-1', done: true, error: { code: 9, message: 'bucket is locked', details: [] } },
        says: 'bucket is locked',
      },
    ],
  },
  {
    preset: 'ogc-processes',
    submit: { code: 201, headers: { Location: '/v1/jobs/81574318' }, body: { jobID: '81574318', status: 'accepted' } },
    statusUrl: `${BASE}/jobs/81574318`,
    operationId: '81574318',
    cancel: { method: 'DELETE', url: `${BASE}/jobs/81574318` },
    running: [{ body: { jobID: '81574318', status: 'accepted' } }, { body: { jobID: '81574318', status: 'running', progress: 30 } }],
    succeeded: { body: { jobID: '81574318', status: 'successful', progress: 100 }, readsAt: `${BASE}/jobs/81574318/results` },
    failed: [{ body: { jobID: '81574318', status: 'failed', message: 'input raster is empty' }, says: 'input raster is empty' }],
    canceled: [{ body: { jobID: '81574318', status: 'dismissed' } }],
  },
  {
    preset: 'openeo',
    submit: { code: 201, headers: { Location: `${BASE}/jobs/a3cca2b2`, 'OpenEO-Identifier': 'a3cca2b2' } },
    statusUrl: `${BASE}/jobs/a3cca2b2`,
    operationId: 'a3cca2b2',
    start: { method: 'POST', url: `${BASE}/jobs/a3cca2b2/results` },
    cancel: { method: 'DELETE', url: `${BASE}/jobs/a3cca2b2/results` },
    running: ['created', 'queued', 'running'].map((status) => ({ body: { id: 'a3cca2b2', status, created: '2017-01-01T09:32:12Z' } })),
    succeeded: { body: { id: 'a3cca2b2', status: 'finished', progress: 100 }, readsAt: `${BASE}/jobs/a3cca2b2/results` },
    failed: [{ body: { id: 'a3cca2b2', status: 'error' } }],
    canceled: [{ body: { id: 'a3cca2b2', status: 'canceled' } }],
  },
  {
    preset: 'openai-batches',
    submit: { code: 200, body: batch({ status: 'validating' }) },
    statusUrl: `${BASE}/batches/batch_abc123`,
    operationId: 'batch_abc123',
    cancel: { method: 'POST', url: `${BASE}/batches/batch_abc123/cancel` },
    running: ['validating', 'in_progress', 'finalizing', 'cancelling'].map((status) => ({ body: batch({ status }) })),
    succeeded: {
      body: batch({ status: 'completed', output_file_id: 'file-cvaTdG', error_file_id: 'file-HOWS94' }),
      readsAt: `${BASE}/files/file-cvaTdG/content`,
    },
    failed: [
      {
        body: batch({
          status: 'failed',
          errors: { object: 'list', data: [{ code: 'invalid_json_line', message: 'line 3 is no JSON', line: 3 }] },
        }),
        says: 'line 3 is no JSON',
      },
      { body: batch({ status: 'expired' }) },
    ],
    canceled: [{ body: batch({ status: 'cancelled' }) }],
  },
  {
    preset: 'openai-videos',
    submit: { code: 200, body: video({ status: 'queued', progress: 0 }) },
    statusUrl: `${BASE}/videos/video_123`,
    running: [{ body: video({ status: 'queued' }) }, { body: video({ status: 'in_progress', progress: 33 }) }],
    succeeded: { body: video({ status: 'completed', progress: 100 }), resourceLocation: `${BASE}/videos/video_123/content` },
    failed: [
      {
        body: video({ status: 'failed', error: { code: 'moderation_blocked', message: 'blocked by moderation' } }),
        says: 'blocked by moderation',
      },
    ],
  },
  {
    preset: 'replicate',
    submit: {
      code: 201,
      body: {
        id: 'gm3qorzdhgbfurvjtvhg6dckhu',
        status: 'starting',
        error: null,
        urls: { get: PREDICTION, cancel: `${PREDICTION}/cancel` },
      },
    },
    statusUrl: PREDICTION,
    operationId: 'gm3qorzdhgbfurvjtvhg6dckhu',
    cancel: { method: 'POST', url: `${PREDICTION}/cancel` },
    running: [{ body: { id: 'gm3q', status: 'starting' } }, { body: { id: 'gm3q', status: 'processing', output: null } }],
    succeeded: { body: { id: 'gm3q', status: 'succeeded', output: ['a', 'b'], error: null }, result: ['a', 'b'] },
    failed: [{ body: { id: 'gm3q', status: 'failed', error: 'CUDA out of memory', output: null }, says: 'CUDA out of memory' }],
    canceled: [{ body: { id: 'gm3q', status: 'canceled' } }],
  },
  {
    preset: 'fal-queue',
    submit: {
      code: 200,
      body: {
        request_id: '80e732af-660e-45cd-bd63-580e4f2a94cc',
        response_url: FAL,
        status_url: `${FAL}/status`,
        cancel_url: `${FAL}/cancel`,
      },
    },
    statusUrl: `${FAL}/status`,
    operationId: '80e732af-660e-45cd-bd63-580e4f2a94cc',
    cancel: { method: 'PUT', url: `${FAL}/cancel` },
    running: [
      { code: 202, body: { status: 'IN_QUEUE', queue_position: 0, response_url: FAL } },
      { code: 202, body: { status: 'IN_PROGRESS', logs: [], response_url: FAL } },
    ],
    succeeded: { body: { status: 'COMPLETED', logs: [], response_url: FAL }, readsAt: FAL },
    failed: [{ body: { status: 'COMPLETED', error: 'the runner was lost', response_url: FAL }, says: 'the runner was lost' }],
  },
  {
    preset: 'snowflake-sql',
    baseUrl: 'https://api.example.com',
    submit: { code: 202, body: statement({ code: '333334', message: 'Asynchronous execution in progress.' }) },
    statusUrl: 'https://api.example.com/api/v2/statements/e4ce975e-f7ff-4b5e-b15e-bf25f59371ae',
    operationId: 'e4ce975e-f7ff-4b5e-b15e-bf25f59371ae',
    cancel: { method: 'POST', url: 'https://api.example.com/api/v2/statements/e4ce975e-f7ff-4b5e-b15e-bf25f59371ae/cancel' },
    running: [{ code: 202, body: statement({ code: '333334' }) }],
    succeeded: { body: statement({ code: '090001', data: [['10531']] }) },
    failed: [
      {
        code: 422,
        body: { code: '002140', sqlState: '42601', message: 'SQL compilation error', statementHandle: 'e4ce975e' },
        says: 'SQL compilation error',
      },
    ],
  },
  {
    preset: 'databricks-runs',
    submit: { code: 200, body: { run_id: 455644833 } },
    statusUrl: `${BASE}/jobs/runs/get?run_id=455644833`,
    operationId: '455644833',
    cancel: { method: 'POST', url: `${BASE}/jobs/runs/cancel`, body: { run_id: 455644833 } },
    running: ['PENDING', 'RUNNING', 'TERMINATING'].map((state) => ({ body: run({ life_cycle_state: state, state_message: '' }) })),
    succeeded: { body: run({ life_cycle_state: 'TERMINATED', result_state: 'SUCCESS', state_message: '' }) },
    failed: [
      { body: run({ life_cycle_state: 'TERMINATED', result_state: 'FAILED', state_message: 'notebook failed' }), says: 'notebook failed' },
      { body: run({ life_cycle_state: 'TERMINATED', result_state: 'TIMEDOUT' }) },
      { body: run({ life_cycle_state: 'INTERNAL_ERROR', result_state: 'FAILED' }) },
      { body: run({ life_cycle_state: 'SKIPPED' }) },
    ],
    canceled: [{ body: run({ life_cycle_state: 'TERMINATED', result_state: 'CANCELED' }) }],
  },
  {
    preset: 'fhir-export',
    submit: { code: 202, headers: { 'Content-Location': `${BASE}/status/1` } },
    statusUrl: `${BASE}/status/1`,
    cancel: { method: 'DELETE', url: `${BASE}/status/1` },
    running: [{ code: 202, headers: { 'X-Progress': 'Build in progress' } }],
    succeeded: {
      body: {
        transactionTime: '2021-01-01T00:00:00Z',
        requiresAccessToken: true,
        output: [{ type: 'Patient', url: 'https://x/1' }],
        error: [],
      },
    },
    failed: [
      { code: 500, body: outcome('An internal timeout has occurred'), says: 'An internal timeout has occurred' },
      { code: 400, body: outcome('the group is empty'), says: 'the group is empty' },
    ],
  },
  {
    preset: 'durable-functions',
    submit: {
      code: 202,
      headers: { Location: `${INSTANCE}?code=XXX`, 'Retry-After': '10' },
      body: { id: '7af46ff5', statusQueryGetUri: `${INSTANCE}?code=XXX`, terminatePostUri: `${INSTANCE}/terminate?reason={text}&code=XXX` },
    },
    statusUrl: `${INSTANCE}?code=XXX`,
    operationId: '7af46ff5',
    cancel: { method: 'POST', url: `${INSTANCE}/terminate?reason={text}&code=XXX` },
    running: ['Running', 'Pending', 'Suspended'].map((state) => ({ code: 202, body: instance(state, null) })),
    succeeded: { body: instance('Completed', ['Hello Tokyo!']), result: ['Hello Tokyo!'] },
    failed: [
      { code: 500, body: instance('Failed', 'blob not found'), says: 'blob not found' },
      { code: 200, body: instance('Failed', 'blob not found'), says: 'blob not found' },
      { code: 200, body: instance('Terminated', null) },
    ],
    canceled: [{ code: 200, body: instance('Canceled', null) }],
  },
];

test.each(['transient', 'lock-error', 'no-store', 'timeout', 'incomplete', 'throttled'])(
  'a FHIR export is not failed by an answer that says "%s": the poll has failed, and not the export',
  (code) => {
    const settings = settingsOf('fhir-export');
    const monitor = accepted(settings, 202, undefined, { 'Content-Location': `${BASE}/status/1` });
    const body: Json = { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code }] };
    for (const httpStatus of [400, 422, 500]) expect(polled(settings, monitor, httpStatus, body).kind).toBe('running');
  },
);

test('every preset has an example, and says in which documents it stands', () => {
  expect(examples.map(({ preset }) => preset).sort()).toEqual(Object.keys(PRESETS).sort());
  for (const preset of Object.values(PRESETS)) {
    const { documents, description } = preset as { documents: string[]; description: string };
    expect(documents.every((url) => URL.canParse(url))).toBe(true);
    expect(description).not.toBe('');
  }
});

describe.each(examples)(
  '$preset',
  ({ preset, baseUrl, submit, statusUrl, operationId, cancel, start, running, succeeded, failed, canceled = [] }) => {
    const settings = settingsOf(preset, baseUrl);
    const made = accepted(settings, submit.code ?? 200, submit.body, submit.headers);
    const monitor: Monitor = { ...made, start: undefined };

    it('is followed where its submit says', () => {
      expect(monitor.statusUrl).toBe(statusUrl);
      if (operationId !== undefined) expect(monitor.operationId).toBe(operationId);
      expect(monitor.cancel).toEqual(cancel);
      expect(made.start).toEqual(start);
    });

    it.each(running)('runs on: %j', ({ code = 200, body, headers }) => {
      const decision = polled(settings, monitor, code, body, headers);
      expect(decision).toMatchObject({ kind: 'running' });
      expect(decision).toHaveProperty('trouble', undefined);
    });

    it('succeeds with its result, or with the place where that is read', () => {
      const { code = 200, body, result, readsAt, resourceLocation } = succeeded;
      const decision = polled(settings, monitor, code, body);
      if (decision.kind !== 'succeeded') throw new Error(JSON.stringify(decision));
      expect(decision.outcome.missing).toBe(undefined);
      expect(decision.outcome.body).toEqual(result ?? body);
      expect(decision.fetches?.map(({ url, into }) => ({ url, into }))).toEqual(
        readsAt === undefined ? undefined : [{ url: readsAt, into: ['body'] }],
      );
      if (resourceLocation !== undefined) expect(decision.outcome.resourceLocation).toBe(resourceLocation);
    });

    it.each(failed)('fails with the words of the service: %j', ({ code = 200, body, says }) => {
      const decision = polled(settings, monitor, code, body);
      expect(decision).toMatchObject({ kind: 'failed', failure: { type: 'OperationFailed' } });
      if (says !== undefined && decision.kind === 'failed') expect(decision.failure.message).toContain(says);
    });

    it('is canceled where it says so', () => {
      for (const { code = 200, body } of canceled) {
        expect(polled(settings, monitor, code, body)).toMatchObject({ kind: 'failed', failure: { type: 'OperationCanceled' } });
      }
    });

    it.each([401, 403, 404, 408, 429, 502, 503, 504])('is not ended by a %i, whatever is in it', (code) => {
      for (const { body } of [succeeded, ...failed]) expect(polled(settings, monitor, code, body).kind).toBe('running');
    });

    it('is not ended by a page of a gateway, nor by a body that broke off', () => {
      for (const code of [200, 202, 400, 422, 500]) {
        const page = '<!DOCTYPE html><html><body>Sign in</body></html>';
        expect(polled(settings, monitor, code, page).kind).toBe('running');
        expect(submitted(settings, code, page).kind).not.toBe('succeeded');
      }
    });

    it('does not take the answer to a cancel request for success', () => {
      const exchange = answer(200, {}, submit.body, { method: 'POST', url: statusUrl });
      expect(decideCancel(exchange, monitor, settings, NOW_MS).kind).toBe('accepted');
    });
  },
);
