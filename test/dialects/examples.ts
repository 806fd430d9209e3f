/**
 * Every preset, with the answers that its provider has published (`source` says where): values as they stand there, at the base URL of these tests and
 * without fields that say nothing of a job's state. Where the document has no example of an answer, `source` begins with "shape from".
 */
import type { Json } from '../../src/contract';
import { BASE, type Example } from './given';

const LRO = { '@type': 'type.googleapis.com/example.Metadata' };
const INSTANCE = 'https://api.example.com/runtime/webhooks/durabletask/instances/7af46ff5';
const PREDICTION = 'https://api.example.com/v1/predictions/gm3qorzdhgbfurvjtvhg6dckhu';
const FAL = 'https://api.example.com/fal-ai/fast-sdxl/requests/80e732af-660e-45cd-bd63-580e4f2a94cc';
const batch = (more: object): Json => ({
  id: 'batch_abc123',
  object: 'batch',
  endpoint: '/v1/completions',
  errors: null,
  input_file_id: 'file-abc123',
  completion_window: '24h',
  output_file_id: null,
  error_file_id: null,
  ...more,
});
const video = (more: object): Json => ({
  ...{ id: 'video_123', object: 'video', model: 'sora-2', created_at: 1712697600, size: '1024x1808', seconds: '8', quality: 'standard' },
  ...more,
});
const run = (state: Json): Json => ({
  job_id: 11223344,
  run_id: 455644833,
  number_in_job: 455644833,
  original_attempt_run_id: 455644833,
  state,
});
const statement = (more: object): Json => ({
  sqlState: '00000',
  statementHandle: 'e4ce975e-f7ff-4b5e-b15e-bf25f59371ae',
  statementStatusUrl: '/api/v2/statements/e4ce975e-f7ff-4b5e-b15e-bf25f59371ae',
  ...more,
});
const outcome = (text: string): Json => ({
  resourceType: 'OperationOutcome',
  issue: [{ severity: 'error', code: 'processing', details: { text } }],
});
const instance = (runtimeStatus: string, output: Json): Json => ({
  name: 'E1',
  instanceId: '7af46ff5',
  runtimeStatus,
  input: null,
  customStatus: null,
  output,
});

export const examples: Example[] = [
  {
    preset: 'aip-151',
    source:
      'shape from googleapis/googleapis google/longrunning/operations.proto, and from the REST reference of projects.databases.operations',
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
    source:
      'opengeospatial/ogcapi-processes core/examples/json/StatusInfo.json and StatusInfo-dismissed.json; running, successful and failed: shape from openapi/schemas/processes-core/statusInfo.yaml',
    submit: {
      code: 201,
      headers: { Location: '/v1/jobs/81574318-1eb1-4d7c-af61-4b3fbcf33c4f' },
      body: { jobID: '81574318-1eb1-4d7c-af61-4b3fbcf33c4f', status: 'accepted', message: 'Process started', progress: 0 },
    },
    statusUrl: `${BASE}/jobs/81574318-1eb1-4d7c-af61-4b3fbcf33c4f`,
    operationId: '81574318-1eb1-4d7c-af61-4b3fbcf33c4f',
    cancel: { method: 'DELETE', url: `${BASE}/jobs/81574318-1eb1-4d7c-af61-4b3fbcf33c4f` },
    running: [
      { body: { jobID: '81574318-1eb1-4d7c-af61-4b3fbcf33c4f', status: 'accepted', message: 'Process started', progress: 0 } },
      { body: { jobID: '81574318-1eb1-4d7c-af61-4b3fbcf33c4f', status: 'running', progress: 30 } },
    ],
    succeeded: {
      body: { jobID: '81574318-1eb1-4d7c-af61-4b3fbcf33c4f', status: 'successful', progress: 100 },
      readsAt: `${BASE}/jobs/81574318-1eb1-4d7c-af61-4b3fbcf33c4f/results`,
    },
    failed: [
      {
        body: { jobID: '81574318-1eb1-4d7c-af61-4b3fbcf33c4f', status: 'failed', message: 'input raster is empty' },
        says: 'input raster is empty',
      },
    ],
    canceled: [{ body: { jobID: '81574318-1eb1-4d7c-af61-4b3fbcf33c4f', status: 'dismissed', message: 'Job dismissed', progress: 56 } }],
  },
  {
    preset: 'openeo',
    source: 'shape from Open-EO/openeo-api openapi.yaml, /jobs and /jobs/{job_id}/results',
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
    source: 'OpenAI API reference, Batch: create, retrieve; failed: shape from the batch object',
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
    source: 'OpenAI API reference, Videos: create; failed: shape from the video object',
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
    source: 'Replicate HTTP API reference, predictions.create and predictions.get; failed and canceled: shape from the prediction object',
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
    running: [
      { body: { id: 'gm3qorzdhgbfurvjtvhg6dckhu', status: 'starting' } },
      { body: { id: 'gm3qorzdhgbfurvjtvhg6dckhu', status: 'processing', output: null } },
    ],
    succeeded: {
      body: { id: 'gm3qorzdhgbfurvjtvhg6dckhu', status: 'succeeded', output: 'hello Alice', error: null, data_removed: false },
      result: 'hello Alice',
    },
    failed: [
      {
        body: { id: 'gm3qorzdhgbfurvjtvhg6dckhu', status: 'failed', error: 'CUDA out of memory', output: null },
        says: 'CUDA out of memory',
      },
    ],
    canceled: [{ body: { id: 'gm3qorzdhgbfurvjtvhg6dckhu', status: 'canceled' } }],
  },
  {
    preset: 'fal-queue',
    source: 'fal, Asynchronous Inference (queue): submit, status; failed: shape from the same page and from Request Errors',
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
    source: 'Snowflake SQL API reference, QueryStatus and QueryFailureStatus; handling responses',
    baseUrl: 'https://api.example.com',
    submit: {
      code: 202,
      body: statement({
        code: '333334',
        message: 'Asynchronous execution in progress. Use provided query id to perform query monitoring and management.',
      }),
    },
    statusUrl: 'https://api.example.com/api/v2/statements/e4ce975e-f7ff-4b5e-b15e-bf25f59371ae',
    operationId: 'e4ce975e-f7ff-4b5e-b15e-bf25f59371ae',
    cancel: { method: 'POST', url: 'https://api.example.com/api/v2/statements/e4ce975e-f7ff-4b5e-b15e-bf25f59371ae/cancel' },
    running: [{ code: 202, body: statement({ code: '333334' }) }],
    succeeded: { body: statement({ code: '090001', data: [['10531']] }) },
    failed: [
      {
        code: 422,
        body: {
          code: '002140',
          sqlState: '42601',
          message: 'SQL compilation error',
          statementHandle: 'e4ce975e-f7ff-4b5e-b15e-bf25f59371ae',
        },
        says: 'SQL compilation error',
      },
    ],
  },
  {
    preset: 'databricks-runs',
    source: 'Databricks Jobs API 2.1 reference, runs/submit and runs/get; ends: shape from RunState',
    submit: { code: 200, body: { run_id: 455644833, number_in_job: 455644833 } },
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
    source: 'HL7 Bulk Data Access, export: status request, error and complete',
    submit: { code: 202, headers: { 'Content-Location': `${BASE}/status/1` } },
    statusUrl: `${BASE}/status/1`,
    cancel: { method: 'DELETE', url: `${BASE}/status/1` },
    running: [{ code: 202, headers: { 'X-Progress': '50% complete', 'Retry-After': '120' } }],
    succeeded: {
      body: {
        transactionTime: '2021-01-01T00:00:00Z',
        requiresAccessToken: true,
        output: [{ type: 'Patient', url: 'https://example.com/output/patient_file_1.ndjson' }],
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
    source: 'Azure Durable Functions, HTTP API reference and quickstart: status of an instance; ends: shape from runtimeStatus',
    submit: {
      code: 202,
      headers: { Location: `${INSTANCE}?code=XXX`, 'Retry-After': '10' },
      body: { id: '7af46ff5', statusQueryGetUri: `${INSTANCE}?code=XXX`, terminatePostUri: `${INSTANCE}/terminate?reason={text}&code=XXX` },
    },
    statusUrl: `${INSTANCE}?code=XXX`,
    operationId: '7af46ff5',
    cancel: { method: 'POST', url: `${INSTANCE}/terminate?reason={text}&code=XXX` },
    running: ['Running', 'Pending', 'Suspended'].map((state) => ({ code: 202, body: instance(state, null) })),
    succeeded: {
      body: instance('Completed', ['Hello Tokyo!', 'Hello Seattle!', 'Hello London!']),
      result: ['Hello Tokyo!', 'Hello Seattle!', 'Hello London!'],
    },
    failed: [
      { code: 500, body: instance('Failed', 'blob not found'), says: 'blob not found' },
      { code: 200, body: instance('Failed', 'blob not found'), says: 'blob not found' },
      { code: 200, body: instance('Terminated', null) },
    ],
    canceled: [{ code: 200, body: instance('Canceled', null) }],
  },
];
