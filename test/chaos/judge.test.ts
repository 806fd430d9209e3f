/** The judge of the chaos program finds each thing that must not be, and excuses no more than it says. */
import type { RecordedRequest } from '../../src/emulator';
import type { OperationRecord } from '../../src/emulator/operation';
import type { Disruption } from './journal';
import { judge, type Verdict } from './judge';
import { PLANNED_ERROR, type Told, type Wanted } from './operations';
import { recordOf } from './record';

const BEGAN_MS = Date.parse('2026-11-27T12:00:00Z');
const KEY = 'key-1';

const wanted: Wanted = {
  name: 's0-0',
  kind: 'single',
  mode: 'fail',
  connection: 'maps',
  ends: 'Succeeded',
  collection: '/mapData',
  plan: {},
  hurried: false,
  canceled: false,
};
const told: Told = { wanted, end: 'Succeeded', operationId: KEY, resourceLocation: 'http://service/mapData/metadata/r1' };

const made: OperationRecord = {
  operationId: KEY,
  idempotencyKey: KEY,
  family: 'creator',
  collection: '/mapData',
  method: 'POST',
  statusKey: KEY,
  createdAtMs: BEGAN_MS,
  createdText: '',
  durationSeconds: 10,
  outcome: 'Succeeded',
  resourcePath: '/mapData/metadata/r1',
  submitCount: 1,
};

let seq = 0;
function request(atSeconds: number, more: Partial<RecordedRequest> = {}): RecordedRequest {
  const receivedAtMs = BEGAN_MS + atSeconds * 1000;
  const answer = { answeredAtMs: receivedAtMs + 1, httpStatus: 200, retryAfter: '5' };
  return {
    seq: ++seq,
    method: 'GET',
    path: `/mapData/operations/${KEY}`,
    query: '',
    headers: {},
    bodyBytes: 0,
    receivedAtMs,
    ...answer,
    ...more,
  };
}
const submit = (atSeconds: number, more: Partial<RecordedRequest> = {}): RecordedRequest =>
  request(atSeconds, {
    method: 'POST',
    path: '/mapData',
    query: 'description=s0-0',
    headers: { 'operation-id': KEY },
    httpStatus: 202,
    operationId: KEY,
    ...more,
  });
const right = [submit(0), request(5.1), request(10.2, { retryAfter: undefined })];

function verdictOn(
  requests: RecordedRequest[] = right,
  {
    ends = [told],
    operations = [made],
    disruptions = [],
  }: { ends?: Told[]; operations?: OperationRecord[]; disruptions?: Disruption[] } = {},
): Verdict {
  return judge(ends, recordOf(requests, operations), disruptions, BEGAN_MS + 3_600_000);
}
const only = (one: Partial<Told>, ofWanted: Partial<Wanted> = {}): { ends: Told[] } => ({
  ends: [{ ...told, ...one, wanted: { ...wanted, ...ofWanted } }],
});
const during = (fromSeconds: number, toSeconds: number): { disruptions: Disruption[] } => ({
  disruptions: [{ what: 'killed', fromMs: BEGAN_MS + fromSeconds * 1000, toMs: BEGAN_MS + toSeconds * 1000 }],
});

test('an operation that was submitted once, asked in time and told as it was is right', () => {
  const verdict = verdictOn();
  expect(verdict.wrongs).toEqual([]);
  expect(verdict.polls).toMatchObject({ total: 2, judged: 2, firm: 2, excused: 0, closestMs: expect.closeTo(99, 0) as number });
});

test.each<[string, RegExp, () => Verdict]>([
  ['a poll that is early', /came 1001\.0 ms before it was due \(Retry-After: 5\)/, () => verdictOn([submit(0), request(4)])],
  [
    'a poll before a date',
    /came 100\.0 ms before/,
    () => verdictOn([submit(0, { retryAfter: 'Fri, 27 Nov 2026 12:00:06 GMT' }), request(5.9)]),
  ],
  [
    'a poll right after a 429',
    /came \d+\.\d ms before/,
    () => verdictOn([submit(0), request(6, { httpStatus: 429, retryAfter: '3' }), request(8)]),
  ],
  [
    'a submit that comes again too early',
    /POST \/mapData came/,
    () => verdictOn([submit(0, { httpStatus: 503, operationId: undefined }), submit(2)]),
  ],
  ['an early poll long after a kill', /before it was due/, () => verdictOn([submit(30), request(34)], during(0, 20))],
  ['an early poll long before a kill', /before it was due/, () => verdictOn([submit(0), request(4)], during(40, 50))],
  ['a second submit, where one is the most', /2 submits, where one is the most/, () => verdictOn([submit(0, { cut: true }), submit(9)])],
  ['submits with two keys', /different keys/, () => verdictOn([submit(0), submit(9, { headers: { 'operation-id': 'key-2' } })])],
  ['two operations of one name', /made 2 operations/, () => verdictOn(right, { operations: [made, { ...made, operationId: 'other' }] })],
  ['an end that is told twice', /ended twice/, () => verdictOn(right, { ends: [told, told] })],
  ['an end that nobody was told of', /nobody was told/, () => verdictOn(right, { ends: [] })],
  [
    'success of what failed',
    /told of success, at the service Failed/,
    () => verdictOn(right, { operations: [{ ...made, outcome: 'Failed' }] }),
  ],
  ['success of what is not there', /the service made nothing/, () => verdictOn(right, { operations: [] })],
  ['another operation', /told of operation other/, () => verdictOn(right, only({ operationId: 'other' }))],
  ['another resource', /told of http:\/\/x, the service made/, () => verdictOn(right, only({ resourceLocation: 'http://x' }))],
  ['failure of what succeeded', /told of failure X/, () => verdictOn(right, only({ end: 'OperationFailed', errorCode: 'X' }))],
  ['a cancel that nobody asked', /nobody asked/, () => verdictOn(right, only({ end: 'Canceled' }))],
  [
    'a cancel that the service was not told',
    /still Running at the service/,
    () => verdictOn(right, { ...only({ end: 'Canceled' }, { canceled: true }), operations: [{ ...made, hold: true }] }),
  ],
  ['uncertainty without a reason', /nothing kept the answer away/, () => verdictOn([submit(0)], only({ end: 'SubmissionUncertain' }))],
  [
    'uncertainty that may be retried',
    /may be sent again/,
    () => verdictOn([submit(0)], only({ end: 'SubmissionUncertain' }, { mode: 'retry' })),
  ],
  [
    'uncertainty that can be looked for',
    /can be looked for/,
    () => verdictOn([submit(0)], only({ end: 'SubmissionUncertain' }, { connection: 'found' })),
  ],
  ['another end', /ended as ProtocolError/, () => verdictOn(right, only({ end: 'ProtocolError' }))],
])('found: %s', (_, words, verdict) => {
  expect(verdict().wrongs).toContainEqual(expect.stringMatching(words));
});

test.each<[string, () => Verdict]>([
  ['an early poll after an answer that a kill may have lost', () => verdictOn([submit(0), request(4)], during(0.5, 1))],
  ['a poll that its caller has hurried', () => verdictOn([submit(0), request(1)], only({}, { hurried: true }))],
  ['a submit that was refused before', () => verdictOn([submit(0, { httpStatus: 429, operationId: undefined }), submit(6)])],
  [
    'a failure that was planned',
    () =>
      verdictOn(right, {
        ...only({ end: 'OperationFailed', errorCode: PLANNED_ERROR }, { ends: 'Failed' }),
        operations: [{ ...made, outcome: 'Failed' }],
      }),
  ],
  [
    'uncertainty after a fault between claim and submit',
    () => verdictOn([submit(0)], { ...only({ end: 'SubmissionUncertain' }), ...during(-20, -5) }),
  ],
  ['uncertainty after a cut', () => verdictOn([submit(0, { cut: true })], only({ end: 'SubmissionUncertain' }))],
])('no fault: %s', (_, verdict) => {
  expect(verdict().wrongs).toEqual([]);
});
