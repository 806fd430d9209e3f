/** What callers and services may come with: inputs, start options and messages of callers, answers of services. */
import fc from 'fast-check';
import {
  ACCEPTED_UPDATE,
  BUILD_TILESET,
  ITEM_UPDATE,
  PAUSE_SIGNAL,
  POLL_NOW_SIGNAL,
  RESUME_SIGNAL,
  RUN_BATCH,
  RUN_CHAIN,
  RUN_OPERATION,
} from '../../src/contract';
import { WINDOW_UPDATE } from '../../src/sharing/windows';
import { longCookies, longUrl } from './longest';

/** One answer of a service. `{base}` and `{id}` are filled in. */
export interface PlayedAnswer {
  httpStatus: number;
  headers: Record<string, string | string[]>;
  body: string;
  /** How it is sent. */
  pace: 'whole' | 'byteByByte' | 'cut';
}

/** What a caller sends to a workflow that runs. */
export interface Message {
  kind: 'signal' | 'update';
  name: string;
  args: unknown[];
}

export interface Scenario {
  type: string;
  args: unknown[];
  options: { cronSchedule?: string; retry?: { maximumAttempts: number; initialInterval: number } };
  messages: Message[];
  /** In order; the last one repeats. */
  answers: PlayedAnswer[];
}

function nested(levels: number, open = '[', close = ']'): string {
  return `${open.repeat(levels)}0${close.repeat(levels)}`;
}

const words = fc.constantFrom('Running', 'NotStarted', 'Succeeded', 'Succeeded', 'Failed', 'Canceled', 'x'.repeat(100_000), '\ud800');

/** Bodies that are meant to be expensive, or to mislead. */
const hostileBody = fc.constantFrom(
  '',
  nested(100_000),
  `{"status":"Succeeded","result":${nested(50_000, '{"a":', '}')}}`,
  `{"status":"Failed","error":${nested(20_000, '{"details":[', ']}').replace('0', '{"message":"deep"}')}}`,
  '{"a":1}\n'.repeat(60_000),
  '[/*/*'.repeat(200_000),
  '\\'.repeat(500_000),
  `{"status":"Failed","error":{"code":"x","message":"${'\\\\'.repeat(200_000)}"}}`,
  `{"status":"Running","text":"${'\\u0000'.repeat(150_000)}`,
  `{"status":"Succeeded","list":[${'0,'.repeat(500_000)}0]}`,
  `{"status":"Succeeded","__proto__":{"status":"Failed"},"constructor":1,"error":null}`,
  `<html>${'<p>'.repeat(100_000)}`,
  'é'.repeat(600_000),
);

const body = fc.oneof(
  { weight: 3, arbitrary: words.map((status) => JSON.stringify({ status })) },
  { weight: 1, arbitrary: words.map((status) => JSON.stringify({ status, error: { code: 'E', message: 'y'.repeat(200_000) } })) },
  { weight: 1, arbitrary: fc.json({ maxDepth: 6 }) },
  { weight: 2, arbitrary: hostileBody },
);

const url = fc.constantFrom(
  '{base}/f/{id}/status',
  longUrl('{base}', '/f/{id}/status'),
  '/f/{id}/status',
  'http://',
  `{base}/${'x'.repeat(40_000)}`,
  '/..',
);

const headers = fc.record(
  {
    'operation-location': url,
    'azure-asyncoperation': url,
    location: url,
    'resource-location': url,
    'retry-after': fc.constantFrom('0', '1', '0.5', '99999999', '9'.repeat(400), '-1', 'Fri, 31 Dec 9999 23:59:59 GMT'),
    'set-cookie': fc.nat(9).map(longCookies),
    'content-type': fc.constantFrom('application/json', 'text/html', 'application/json; charset=utf-16'),
  },
  { requiredKeys: [] },
);

const answer: fc.Arbitrary<PlayedAnswer> = fc.record({
  httpStatus: fc.constantFrom(200, 200, 200, 201, 202, 204, 302, 400, 401, 404, 409, 410, 429, 500, 503),
  headers: headers,
  body,
  pace: fc.constantFrom('whole', 'whole', 'whole', 'byteByByte', 'cut'),
});

/** The answer to a submit that begins something. */
const acceptance: fc.Arbitrary<PlayedAnswer> = fc.record({
  httpStatus: fc.constant(202),
  headers: headers.map((more) => ({ ...more, 'operation-location': longUrl('{base}', '/f/{id}/status'), 'retry-after': '0' })),
  body,
  pace: fc.constant('whole' as const),
});

/** Stands for lists in lists: this language can read what is so deep, and not write it. See {@link written}. */
function deep(levels: number): string {
  return `{deep:${levels}}`;
}

/** A value as JSON, deep ones too. */
export function written(value: unknown): string {
  const text = (JSON.stringify(value) as string | undefined) ?? 'null';
  return text.replace(/"\{deep:(\d+)\}"/g, (_, levels: string) => nested(Number(levels)));
}

/** JSON that no schema expects; some of it is too much. */
const hostileJson: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.constantFrom<unknown>(
    null,
    undefined,
    0,
    '',
    [],
    'x'.repeat(1_500_000),
    // Larger than it looks: an escape takes six bytes.
    '\u0001'.repeat(300_000),
    '"'.repeat(900_000),
  ),
  fc.constantFrom(100, 2000, 6000, 100_000).map(deep),
);

const SUBMIT = { path: '/f/{id}/submit' };

const operation = fc.record(
  {
    submit: fc.oneof(
      { weight: 4, arbitrary: fc.constant<unknown>(SUBMIT) },
      { weight: 1, arbitrary: hostileJson.map((value) => ({ ...SUBMIT, body: value })) },
      { weight: 1, arbitrary: hostileJson },
    ),
    deadlineSeconds: fc.constantFrom<unknown>(2, 1),
    onUncertainSubmit: fc.constantFrom<unknown>('retry', 'fail', 5),
    fetchResource: fc.constantFrom<unknown>(true, false),
    labels: fc.oneof({ weight: 5, arbitrary: fc.constant<unknown>({ a: 'é' }) }, { weight: 1, arbitrary: hostileJson }),
    cancel: fc.constantFrom<unknown>({ path: '{statusPath}:cancel' }, { path: '/f/{id}/cancel' }, { path: '/../x' }, 7),
  },
  { requiredKeys: ['submit', 'deadlineSeconds'] },
);

const input: Record<string, fc.Arbitrary<unknown>> = {
  [RUN_OPERATION]: operation,
  [RUN_CHAIN]: fc.array(operation, { minLength: 1, maxLength: 3 }).map((steps) => ({
    deadlineSeconds: 2,
    steps: steps.map((step, index) => ({ ...step, deadlineSeconds: undefined, labels: undefined, id: `s${index}` })),
  })),
  [BUILD_TILESET]: hostileJson,
  [RUN_BATCH]: fc
    .array(operation, { minLength: 1, maxLength: 5 })
    .map((items) => ({ items: items.map((item, index) => ({ ...item, id: `i${index}` })), skipInvalid: true })),
  runShard: hostileJson,
  connectionLimiter: fc.oneof(hostileJson, fc.constant({ continueAsNewAfterEvents: 20, text: deep(100_000) })),
};

const failures = fc.constantFrom<unknown>(
  [{}],
  [{ id: 'a', failure: 5 }],
  [{ id: 'a', failure: { type: 'x', message: 'y'.repeat(500_000) } }],
  Array.from({ length: 20 }, (_, id) => ({ id: `${id}`, kind: 'z'.repeat(60_000), outcome: 'failed' })),
  [{ id: 'a', failure: JSON.parse(nested(2000, '{"cause":', '}')) as unknown }],
);

const counts = fc.constantFrom<unknown>(
  { succeeded: 1, failed: 0, canceled: 0, uncertain: 0, invalid: 0, notStarted: 0 },
  { succeeded: -1, failed: 1e308, canceled: 1e308, uncertain: 1e308, invalid: 0, notStarted: 0 },
  {},
);

/** A report as shards send it to their batch, which anybody can forge. */
const tally = fc.record(
  {
    shard: fc.constantFrom<unknown>(0, 1e9, -1, '0'),
    firstRunId: fc.constant<unknown>('{firstRunId}'),
    tally: fc.record(
      {
        counts,
        submitted: fc.constantFrom<unknown>(1, -1, 'x'),
        running: fc.constantFrom<unknown>(0, 1e300),
        firstFailures: failures,
        lastProblem: fc.constantFrom<unknown>({ message: 'm'.repeat(900_000), at: 'x' }, { message: 'm', at: '2026' }, 3),
        broken: fc.constantFrom<unknown>({ type: 'ManifestInvalid', message: 'b'.repeat(900_000) }, 'x'),
      },
      { requiredKeys: ['counts', 'submitted', 'running', 'firstFailures'] },
    ),
  },
  { requiredKeys: ['shard', 'firstRunId', 'tally'] },
);

const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record({
    kind: fc.constant('signal' as const),
    name: fc.constantFrom(POLL_NOW_SIGNAL, PAUSE_SIGNAL, RESUME_SIGNAL, 'tally', 'stop', 'told', 'unknown'),
    args: fc.array(hostileJson, { maxLength: 2 }),
  }),
  fc.record({ kind: fc.constant('signal' as const), name: fc.constant('tally'), args: fc.tuple(tally) }),
  fc.record({
    kind: fc.constant('update' as const),
    name: fc.constantFrom(ACCEPTED_UPDATE, ITEM_UPDATE, WINDOW_UPDATE, 'unknown'),
    // Two that come to more than 2 MB together fail in Temporal's SDK, which sends them back whatever the workflow says.
    args: fc.array(hostileJson, { maxLength: 1 }),
  }),
);

/** A second argument as only our own runs hand on. */
const forged = fc.constantFrom<unknown>({}, { job: {}, prepared: { about: {}, settings: {} } }, 5, null);

export const scenario: fc.Arbitrary<Scenario> = fc
  .constantFrom(
    RUN_OPERATION,
    RUN_OPERATION,
    RUN_OPERATION,
    RUN_CHAIN,
    RUN_BATCH,
    RUN_BATCH,
    BUILD_TILESET,
    'runShard',
    'connectionLimiter',
  )
  .chain((type) =>
    fc.record({
      type: fc.constant(type),
      args: fc.oneof(
        { weight: 8, arbitrary: fc.tuple(input[type] ?? hostileJson) },
        { weight: 2, arbitrary: fc.tuple(hostileJson) },
        { weight: 1, arbitrary: fc.tuple(input[type] ?? hostileJson, forged) },
        { weight: 1, arbitrary: fc.constant([]) },
      ) as fc.Arbitrary<unknown[]>,
      options: fc.oneof(
        { weight: 8, arbitrary: fc.constant({}) },
        { weight: 1, arbitrary: fc.constant({ cronSchedule: '* * * * *' }) },
        { weight: 1, arbitrary: fc.constant({ retry: { maximumAttempts: 2, initialInterval: 10 } }) },
      ),
      messages: fc.array(message, { maxLength: 4 }),
      answers: fc
        .tuple(fc.oneof(acceptance, answer), fc.array(answer, { minLength: 1, maxLength: 4 }))
        .map(([first, more]) => [first, ...more]),
    }),
  );
