/**
 * The connection's secrets are nowhere but on the wire: not in histories (payloads decoded), memos, search attributes, progress, the UI's
 * current details, stack traces, nor in the log of a worker that logs all it can; also where the service itself sends them back.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { Child } from '../../src/devserver';
import { RUN_OPERATION, type OperationInput, type OperationOptions } from '../../src/contract';
import { startEmulator, type Emulator, type Script } from '../../src/emulator';
import { temporaryFolder, writeConfig, type ConnectionYaml } from '../support/config';
import { sharedAddress } from '../support/in-process';
import { startWorkerProcess } from '../support/programs';
import { everythingOf } from './everything';

/** With characters that look different in URLs, in JSON and in the JSON of other frameworks. */
const SECRETS = {
  query: 'qK9+/zR=4"tY&7wL',
  header: 'hN3/+vB=8"pD&2xS',
  bearer: 'bE6+/mF=1"jU&5cG',
  sas: 'sT2/+kH=9"aW&3rV',
};
type Kind = keyof typeof SECRETS;
const AUTH = {
  query: { type: 'key', in: 'query', name: 'subscription-key' },
  header: { type: 'key', in: 'header', name: 'x-key' },
  bearer: { type: 'bearer' },
  sas: { type: 'sas' },
};
/** Tokens may be kept with their scheme. */
const PREFIX: Partial<Record<Kind, string>> = { bearer: 'Bearer ', sas: 'jwt-sas ' };
const KINDS = Object.keys(SECRETS) as Kind[];

let emulator: Emulator;
let stranger: Emulator;
let worker: Child;
let connection: Connection;
let client: Client;
const logFile = join(temporaryFolder(), 'worker.log');
const taskQueue = `lro-${randomUUID()}`;

beforeAll(async () => {
  [emulator, stranger] = await Promise.all([startEmulator(), startEmulator()]);
  const variable = (kind: Kind): string => `LRO_TEST_SECRET_${kind.toUpperCase()}`;
  const connections = KINDS.flatMap((kind): [string, ConnectionYaml][] => {
    const auth = { ...AUTH[kind], value: { env: variable(kind) } };
    return [
      [kind, { baseUrl: emulator.url, auth, poll: { maxUnreadable: 2, unreadableSeconds: 1, unauthorizedSeconds: 1 } }],
      // Nobody listens there.
      [`${kind}-dead`, { baseUrl: 'http://127.0.0.1:9', auth }],
    ];
  });
  connection = await Connection.connect({ address: sharedAddress() });
  client = new Client({ connection });
  worker = await startWorkerProcess({
    configPath: writeConfig(Object.fromEntries(connections), {}),
    address: sharedAddress(),
    taskQueue,
    env: { ...Object.fromEntries(KINDS.map((kind) => [variable(kind), `${PREFIX[kind] ?? ''}${SECRETS[kind]}`])), LRO_LOG_LEVEL: 'trace' },
    logFile,
  });
});

afterAll(async () => {
  await worker.stop();
  await connection.close();
  await emulator.close();
  await stranger.close();
});

/** The secret as frameworks write it: raw, in URLs (either case of hex), in JSON (quotes, `\/`, `\u002b`), and as a form does. */
function formsOf(secret: string): string[] {
  const url = encodeURIComponent(secret);
  const lower = url.replace(/%[0-9A-F]{2}/g, (hex) => hex.toLowerCase());
  const base64 = [0, 1, 2].map((shift) => {
    const text = Buffer.from(`${'x'.repeat(shift)}${secret}`).toString('base64');
    // Only what depends on nothing but the secret.
    return text.slice(shift === 0 ? 0 : 4, Math.floor((shift + secret.length) / 3) * 4);
  });
  return [secret, url, lower, new URLSearchParams({ v: secret }).toString().slice(2), ...base64];
}

/** JSON text that spells a string in it as .NET, PHP and Python do. */
function spelled(text: string, secret: string): string {
  const unicode = Array.from(secret, (char) =>
    /\w/.test(char) ? char : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0').toUpperCase()}`,
  ).join('');
  return text
    .replaceAll('{json}', JSON.stringify(secret).slice(1, -1))
    .replaceAll('{php}', JSON.stringify(secret).slice(1, -1).replaceAll('/', '\\/'))
    .replaceAll('{dotnet}', unicode)
    .replaceAll('{url}', encodeURIComponent(secret))
    .replaceAll(
      '{urlLower}',
      encodeURIComponent(secret).replace(/%[0-9A-F]{2}/g, (hex) => hex.toLowerCase()),
    )
    .replaceAll('{base64}', Buffer.from(secret).toString('base64'));
}

const ECHO = '{"raw":"{json}","php":"{php}","dotnet":"{dotnet}","url":"https://h/?k={url}&l={urlLower}"}';
const ERROR = `{"error":{"code":"Bad {json}","message":"key {dotnet} is wrong","details":[{"message":"{php}","innererror":${ECHO}}]}}`;

interface Scenario {
  name: string;
  /** `{json}`, `{url}` … are the secret. Bodies are raw texts. */
  routes?: { method?: string; path: string; httpStatus?: number; headers?: Record<string, string>; body?: string; cut?: boolean }[];
  input?: OperationOptions;
  dead?: boolean;
  ends: RegExp;
}

const SUBMIT = { method: 'POST', path: '/submit', httpStatus: 202, headers: { 'operation-location': '{base}/status', 'retry-after': '0' } };
const SCENARIOS: Scenario[] = [
  {
    name: 'success, with the secret in every answer',
    routes: [
      {
        ...SUBMIT,
        headers: {
          'operation-location': '{base}/status?subscription-key={url}&x-key={url}&again={urlLower}',
          'set-cookie': 'session={url}',
          'retry-after': '0',
        },
        body: ECHO,
      },
      {
        path: '/status',
        headers: { 'resource-location': '{base}/thing?subscription-key={url}&other={url}' },
        body: `{"status":"Succeeded","operationId":"{json}","created":"{json}","properties":${ECHO},"warning":${ECHO}}`,
      },
      { path: '/thing', body: ECHO },
    ],
    input: { fetchResource: true, labels: { campus: '7' } },
    ends: /Succeeded/,
  },
  { name: 'rejection', routes: [{ ...SUBMIT, httpStatus: 400, body: ERROR }], ends: /SubmissionRejected/ },
  { name: 'rejection in text', routes: [{ ...SUBMIT, httpStatus: 400, body: 'wrong key {json} {url}' }], ends: /SubmissionRejected/ },
  {
    name: 'failure',
    routes: [SUBMIT, { path: '/status', body: `{"status":"Failed",${ERROR.slice(1)}` }],
    ends: /OperationFailed/,
  },
  {
    name: 'a status that makes no sense',
    routes: [SUBMIT, { path: '/status', body: `<html>{json} {url} {urlLower}</html>` }],
    ends: /ProtocolError/,
  },
  {
    name: 'uncertainty',
    routes: [{ ...SUBMIT, httpStatus: 500, body: ERROR }],
    input: { onUncertainSubmit: 'fail' },
    ends: /SubmissionUncertain/,
  },
  {
    name: 'a connection that is cut',
    routes: [{ ...SUBMIT, cut: true }],
    input: { onUncertainSubmit: 'fail' },
    ends: /SubmissionUncertain/,
  },
  { name: 'a service that cannot be reached', dead: true, input: { deadlineSeconds: 2 }, ends: /DeadlineExceeded/ },
  { name: 'refused credentials', routes: [SUBMIT, { path: '/status', httpStatus: 401, body: ERROR }], ends: /Unauthorized/ },
  { name: 'refused credentials of a submit', routes: [{ ...SUBMIT, httpStatus: 401, body: ERROR }], ends: /SubmissionRejected/ },
  {
    name: 'a redirect to another host',
    routes: [SUBMIT, { path: '/status', httpStatus: 302, headers: { location: '{there}/{url}?subscription-key={url}&x={urlLower}' } }],
    ends: /ProtocolError/,
  },
  {
    name: 'a redirected submit',
    routes: [{ ...SUBMIT, httpStatus: 307, headers: { location: '{base}/{url}?x-key={url}' } }],
    ends: /ProtocolError/,
  },
  {
    name: 'the secret as the name of the operation',
    routes: [{ ...SUBMIT, headers: { 'operation-location': '{base}/{url}', 'retry-after': '0' } }],
    input: { deadlineSeconds: 2 },
    ends: /DeadlineExceeded/,
  },
];

function expectNone(text: string, secret: string): void {
  // Escaped once or twice, it is the same secret.
  const plain = text.replace(/\\+u([0-9a-fA-F]{4})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))).replaceAll('\\', '');
  for (const form of formsOf(secret)) {
    const found = plain.indexOf(form);
    expect(found === -1 ? '' : plain.slice(Math.max(0, found - 120), found + 60)).toBe('');
  }
}

/** The service of a scenario: where it is, below the emulator. */
async function serve({ routes = [] }: Scenario, secret: string): Promise<string> {
  const spelledHeaders = (headers: Record<string, string>): Record<string, string> =>
    Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, spelled(value.replace('{there}', stranger.url), secret)]));
  const script: Script = {
    name: randomUUID(),
    routes: routes.map(({ method = 'GET', path, httpStatus = 200, headers = {}, body, cut = false }) => {
      const rawBody = body === undefined ? undefined : Buffer.from(spelled(body, secret)).toString('base64');
      return { method, path, answers: [{ httpStatus, headers: spelledHeaders(headers), rawBody, cut }] };
    }),
  };
  return new URL((await emulator.admin.addScript(script)).url).pathname;
}

/** Runs a scenario to its end and returns the workflow's id. */
async function play(scenario: Scenario, kind: Kind): Promise<string> {
  const { name, dead = false, input, ends } = scenario;
  const base = dead ? '' : await serve(scenario, SECRETS[kind]);
  const workflowId = `${kind}-${name.replaceAll(/\W+/g, '-')}-${randomUUID()}`;
  const operation: OperationInput = { connection: dead ? `${kind}-dead` : kind, submit: { path: `${base}/submit` }, ...input };
  const end: unknown = await client.workflow
    .execute(RUN_OPERATION, { workflowId, taskQueue, args: [operation] })
    .catch((err: unknown) => err);
  const said = end instanceof Error ? String((end.cause as { type?: string } | undefined)?.type) : JSON.stringify(end);
  expect(`${name}: ${said}`).toMatch(ends);
  return workflowId;
}

test.concurrent.each(KINDS)('the secret of %s credentials is nowhere, however an operation ends', async (kind) => {
  const workflowIds = await Promise.all(SCENARIOS.map((scenario) => play(scenario, kind)));
  for (const workflowId of workflowIds) expectNone(await everythingOf(client, workflowId), SECRETS[kind]);
});

test('the log of a worker that logs all it can holds no secret', async () => {
  // The secrets were used: the service has seen them.
  const seen = JSON.stringify(await emulator.admin.requests());
  for (const kind of KINDS)
    expect(seen.includes(JSON.stringify(SECRETS[kind]).slice(1, -1)) || seen.includes(encodeURIComponent(SECRETS[kind]))).toBe(true);
  const log = readFileSync(logFile, 'utf8');
  expect(log).toContain('exchange');
  for (const kind of KINDS) expectNone(log, SECRETS[kind]);
});
