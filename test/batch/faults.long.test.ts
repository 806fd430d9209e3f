/**
 * A batch in which one item of a hundred or so meets each kind of trouble, at its submit or at its polls: every single item ends as it
 * should. The operations' ids are the items' own idempotency keys, so that polls go wrong by item, too.
 */
import type { BatchItem, ItemReport } from '../../src/contract';
import type { Fault } from '../../src/emulator';
import { BatchHarness, itemsNamed, submitsOf, type EndedBatch } from './process-harness';

const ITEMS = 1000;

let harness: BatchHarness;
beforeAll(async () => {
  harness = await BatchHarness.open({
    connection: { limits: { concurrentRequests: 50, submitsPerSecond: 1000 }, poll: { goneAfterSeconds: 30 } },
  });
});
afterAll(() => harness.close());

type Action = NonNullable<Fault['action']>;
type Mode = 'retry' | 'fail';

const error = (code: string, message: string): object => ({ error: { code, message } });
const answer = (httpStatus: number, retryAfter?: string): Action => ({
  answer: {
    httpStatus,
    headers: retryAfter === undefined ? {} : { 'Retry-After': retryAfter },
    body: error(`Code${httpStatus}`, `words of the ${httpStatus}`),
  },
});

/** One kind of trouble, and what becomes of an item that meets it once. */
interface Trouble {
  at: 'submit' | 'poll';
  action?: Action;
  /** Of the submit, where it is not a matter of answers. */
  headers?: Record<string, string>;
  ends: Record<Mode, Partial<ItemReport> | object>;
  submits: Record<Mode, number>;
}

const both = <T>(value: T): Record<Mode, T> => ({ retry: value, fail: value });
const SUCCEEDED = { outcome: 'succeeded' };
const UNCERTAIN = { outcome: 'uncertain', failure: { type: 'SubmissionUncertain' } };
/** Nobody knows: again, or never again. */
const doubt = { ends: { retry: SUCCEEDED, fail: UNCERTAIN }, submits: { retry: 2, fail: 1 } };

const TROUBLES: Record<string, Trouble> = {
  'submit answered 400': {
    at: 'submit',
    action: answer(400),
    ends: both({
      outcome: 'failed',
      failure: { type: 'SubmissionRejected', httpStatus: 400, error: { code: 'Code400', message: 'words of the 400' } },
    }),
    submits: both(1),
  },
  'submit answered 404': {
    at: 'submit',
    action: answer(404),
    ends: both({ outcome: 'failed', failure: { type: 'SubmissionRejected', httpStatus: 404 } }),
    submits: both(1),
  },
  'submit answered 429': { at: 'submit', action: answer(429, '1'), ends: both(SUCCEEDED), submits: both(2) },
  'submit answered 503 with Retry-After': { at: 'submit', action: answer(503, '0'), ends: both(SUCCEEDED), submits: both(2) },
  'submit answered 500': { at: 'submit', action: answer(500), ...doubt },
  'submit cut before the service took it': { at: 'submit', action: { cut: 'beforeAccept' }, ...doubt },
  'submit cut after the service took it': { at: 'submit', action: { cut: 'afterAccept' }, ...doubt },
  'poll answered 404 right after the submit': { at: 'poll', action: answer(404), ends: both(SUCCEEDED), submits: both(1) },
  'poll answered 429': { at: 'poll', action: answer(429, '2'), ends: both(SUCCEEDED), submits: both(1) },
  'poll answered 500': { at: 'poll', action: answer(500), ends: both(SUCCEEDED), submits: both(1) },
  'poll answered 400': { at: 'poll', action: answer(400), ends: both(SUCCEEDED), submits: both(1) },
  'poll cut': { at: 'poll', action: { cut: 'beforeAccept' }, ends: both(SUCCEEDED), submits: both(1) },
  'poll with a body that breaks off': { at: 'poll', action: { cutBody: 10 }, ends: both(SUCCEEDED), submits: both(1) },
  'poll answered 410': {
    at: 'poll',
    action: answer(410),
    ends: both({ outcome: 'failed', failure: { type: 'OperationGone', httpStatus: 410 } }),
    submits: both(1),
  },
  'operation that fails at the service': {
    at: 'poll',
    headers: {
      'Emulator-Plan': JSON.stringify({
        finish: 'Failed',
        durationSeconds: 2,
        error: { code: 'Outer', message: 'It failed.', details: [{ code: 'Inner', message: 'the floor plan has no walls' }] },
      }),
    },
    ends: both({
      outcome: 'failed',
      failure: {
        type: 'OperationFailed',
        message: expect.stringContaining('the floor plan has no walls') as unknown,
        error: { code: 'Outer' },
      },
    }),
    submits: both(1),
  },
};

const kinds = Object.entries(TROUBLES).map(([name, trouble]) => ({ name, ...trouble }));
/** Of every hundred items as many as there are kinds, one of each; in even hundreds one mode, in odd ones the other. */
const troubleOf = (index: number) => kinds[index % 100];
const modeOf = (index: number): Mode => (Math.floor(index / 100) % 2 === 0 ? 'retry' : 'fail');
const keyOf = (index: number): string => `key-${index}`;

function itemOf(index: number): Partial<BatchItem> {
  const headers = troubleOf(index)?.headers;
  return { onUncertainSubmit: modeOf(index), submit: { path: '/styles', idempotencyKey: keyOf(index), ...(headers && { headers }) } };
}

let ended: EndedBatch;
beforeAll(async () => {
  const items = itemsNamed(ITEMS, itemOf);
  await harness.fresh();
  for (const [index, item] of items.entries()) {
    const trouble = troubleOf(index);
    if (trouble?.action === undefined) continue;
    const match =
      trouble.at === 'submit' ? { method: 'POST', query: submitsOf([item]) } : { method: 'GET', path: `/operations/${keyOf(index)}$` };
    await harness.emulator.admin.addFault({ match, action: trouble.action });
  }
  const batch = await harness.start(items, { inFile: true });
  ended = await batch.end();
  console.log(`${ended.result.durationSeconds} s`);
}, 120_000);

/** Items of one kind and mode, what the report says of them, and how often each was submitted. */
function met(kind: number, mode: Mode): { report: ItemReport | undefined; submits: number }[] {
  return Array.from({ length: ITEMS }, (_, index) => index)
    .filter((index) => index % 100 === kind && modeOf(index) === mode)
    .map((index) => ({ report: ended.report.get(`i-${index}`), submits: ended.evidence.submitsOf({ id: `i-${index}` }).length }));
}

for (const [kind, { name, ends, submits }] of kinds.entries()) {
  for (const mode of ['retry', 'fail'] as const) {
    test(`${name}: ${JSON.stringify((ends[mode] as Partial<ItemReport>).outcome)} where "${mode}" was asked, after ${submits[mode]} submits`, () => {
      const items = met(kind, mode);
      expect(items).toHaveLength(ITEMS / 200);
      for (const { report, submits: sent } of items) {
        expect(report).toMatchObject(ends[mode]);
        expect([report?.id, sent]).toEqual([report?.id, submits[mode]]);
      }
    });
  }
}

test('all the others succeed with one submit each, and no poll is early', () => {
  const others = Array.from({ length: 100 - kinds.length }, (_, kind) =>
    met(kind + kinds.length, 'retry').concat(met(kind + kinds.length, 'fail')),
  ).flat();
  expect(others.filter(({ report, submits }) => report?.outcome !== 'succeeded' || submits !== 1)).toEqual([]);
  expect(
    ended.evidence.early(
      others.flatMap(({ report }) => report ?? []),
      1,
    ),
  ).toEqual([]);
});
