/** How jobs end, and in which words: the table of `ends.ts`. */
import { apply } from '../../src/jobs/job';
import type { Job, JobEvent } from '../../src/jobs/model';
import type { CancelDecision } from '../../src/lro/cancel';
import type { Uncertain } from '../../src/lro/monitor';
import {
  about,
  chainAbout,
  DATASET,
  ended,
  FETCH,
  fetching,
  monitor,
  NEW_ITEM,
  NOW,
  NOW_MS,
  polling,
  stepAfter,
  submitted,
  submitting,
  STATUS_URL,
  TILESET,
} from './given';

const LATER_MS = NOW_MS + 3_600_000;
const REFUSED = { type: 'SubmissionRejected', message: 'POST /tilesets: bad', httpStatus: 400 } as const;
const UNCERTAIN: Uncertain = { kind: 'uncertain', waitSeconds: 2, why: 'backoff', trouble: { message: 'timed out', httpStatus: 504 } };
const KEY = { idempotencyKey: 'key-1', firstSentAtMs: NOW_MS - 1000 };

const CHAIN: Partial<Job> = { about: chainAbout(), done: [DATASET] };
const CLEANING: Partial<Job> = { about: chainAbout({ cleanup: true }), done: [DATASET] };

describe('it ends as failed, with these words:', () => {
  const expired: JobEvent = { kind: 'expired' };
  test.each<[string, Job, JobEvent, object]>([
    ['rejected', submitting(), submitted({ kind: 'failed', failure: REFUSED }), REFUSED],
    [
      'rejected, after a try that may have arrived',
      submitting({ maybeAccepted: KEY }),
      submitted({ kind: 'failed', failure: REFUSED }),
      { ...REFUSED, message: 'POST /tilesets: bad (an earlier try of this submit may have been accepted)' },
    ],
    [
      'uncertain, and not to be sent twice',
      submitting({}, { about: about({ onUncertainSubmit: 'fail' }) }),
      submitted(UNCERTAIN, { maybeAccepted: KEY }),
      {
        type: 'SubmissionUncertain',
        message:
          'nobody knows whether POST /tilesets · maps was accepted, and it is not sent again ("onUncertainSubmit": "fail"): timed out',
        httpStatus: 504,
      },
    ],
    [
      'not accepted by its deadline',
      submitting({ problem: { message: 'busy', httpStatus: 429, at: NOW } }),
      expired,
      {
        type: 'DeadlineExceeded',
        message: 'POST /tilesets · maps was not accepted by its deadline; last problem: busy',
        httpStatus: 429,
      },
    ],
    [
      'not accepted by its deadline, after a try that may have arrived',
      submitting({ maybeAccepted: KEY }),
      expired,
      {
        type: 'DeadlineExceeded',
        message:
          'POST /tilesets · maps was not accepted by its deadline; last problem: none; an earlier try may have been accepted all the same',
      },
    ],
    [
      'not finished by its deadline',
      polling({ status: 'Running', problem: { message: 'busy', at: NOW } }),
      expired,
      {
        type: 'DeadlineExceeded',
        message:
          'operation op-1 was not finished by its deadline (last status: Running; last problem: busy); it may go on at the service, and a new run can attach to its status URL',
        operationId: 'op-1',
        statusUrl: STATUS_URL,
      },
    ],
    [
      'not finished by its deadline, without an id and never read',
      polling({ monitor: { ...monitor, operationId: undefined } }),
      expired,
      {
        type: 'DeadlineExceeded',
        message:
          'the operation was not finished by its deadline (last status: none read); it may go on at the service, and a new run can attach to its status URL',
        statusUrl: STATUS_URL,
      },
    ],
    [
      'a step that the deadline of its chain left no time for',
      fetching({}, CHAIN),
      expired,
      { type: 'DeadlineExceeded', message: 'POST /routesets · maps was not accepted by its deadline; last problem: none' },
    ],
  ])('%s', (_, before, event, failure) => {
    expect(ended(before, event, event.kind === 'expired' ? LATER_MS : NOW_MS).end).toMatchObject({ kind: 'failed', failure });
  });
});

test('an input that cannot be run ends as invalid', () => {
  const failure = { type: 'InvalidInput', message: 'submit.path: is required' } as const;
  expect(ended(NEW_ITEM, submitted({ kind: 'invalid', failure }, { about: about({ id: 'a' }) })).end).toEqual({ kind: 'invalid', failure });
});

describe('cancelled while it waits to be submitted, it ends', () => {
  test.each<JobEvent>([{ kind: 'canceled' }, { kind: 'abandoned' }])('as not started, where nothing was accepted ($kind)', (event) => {
    expect(ended(submitting(), event).end).toEqual({ kind: 'notStarted' });
    expect(ended(NEW_ITEM, event).end).toEqual({ kind: 'notStarted' });
  });

  test('as uncertain, after a try that may have arrived', () => {
    expect(ended(submitting({ maybeAccepted: KEY, problem: { message: 'timed out', at: NOW } }), { kind: 'canceled' }).end).toEqual({
      kind: 'canceled',
      failure: {
        type: 'SubmissionUncertain',
        message: 'nobody knows whether POST /tilesets · maps was accepted, and it was cancelled before it was sent again: timed out',
        idempotencyKey: 'key-1',
        firstSentAt: '2026-11-23T19:59:59.000Z',
      },
      note: 'cancelled while nobody knew whether the service had accepted it',
      maybeAccepted: KEY,
    });
  });

  test('as canceled, where steps of its chain are done', () => {
    const failure = { type: 'OperationCanceled', message: 'cancelled before POST /tilesets · maps was submitted' };
    expect(ended(submitting({}, CHAIN), { kind: 'canceled' }).end).toEqual({ kind: 'canceled', failure });
  });
});

describe('cancelled while it is open at the service, it ends', () => {
  test.each<[string, CancelDecision | undefined, string]>([
    ['as canceled', { kind: 'accepted', httpStatus: 202 }, 'the service was told (202)'],
    ['as canceled, where the input names no request', undefined, 'the service was not told: the input names no cancel request'],
    [
      'as canceled, where the service refuses',
      { kind: 'refused', reason: 'the service answered 409' },
      'the service was not told: the service answered 409',
    ],
    ['as canceled, where nobody answers', { kind: 'unreachable', reason: 'refused' }, 'the service was not told: refused'],
    [
      'as canceled, where the service does not know it any more',
      { kind: 'ended', decision: { kind: 'failed', failure: { type: 'OperationGone', message: 'operation op-1 is gone' } } },
      'operation op-1 is gone',
    ],
  ])('%s', (_, decision, note) => {
    const message = `operation op-1 was cancelled; ${note}`;
    const failure = { type: 'OperationCanceled', message, operationId: 'op-1', statusUrl: STATUS_URL };
    expect(ended(polling(), { kind: 'canceled', decision }).end).toEqual({ kind: 'canceled', failure, note });
  });

  test('as failed, where it had failed already', () => {
    const failure = { type: 'OperationFailed', message: 'operation op-1 failed: bad drawing' } as const;
    expect(ended(polling(), { kind: 'canceled', decision: { kind: 'ended', decision: { kind: 'failed', failure } } }).end).toEqual({
      kind: 'failed',
      failure,
    });
  });

  test('as succeeded, where it had succeeded already, and says what was not read', () => {
    const decision: CancelDecision = { kind: 'ended', decision: { kind: 'succeeded', outcome: TILESET, fetches: [FETCH] } };
    const missing = { body: 'cancelled before it was read' };
    expect(ended(polling(), { kind: 'canceled', decision }).end).toMatchObject({
      kind: 'succeeded',
      steps: [{ result: { resourceId: 't1', polls: 3, missing } }],
    });
  });
});

describe('with its success read and its result not yet, it ends as succeeded', () => {
  test.each<[string, JobEvent, number, string]>([
    ['at its deadline', { kind: 'expired' }, LATER_MS, 'not read before the deadline'],
    ['cancelled', { kind: 'canceled' }, NOW_MS, 'cancelled before it was read'],
    [
      'with a final GET that fails',
      { kind: 'fetched', decision: { kind: 'missing', reason: 'the service answered 403' } },
      NOW_MS,
      'the service answered 403',
    ],
  ])('%s', (_, event, nowMs, reason) => {
    expect(ended(fetching(), event, nowMs).end).toMatchObject({
      kind: 'succeeded',
      steps: [{ result: { status: 'Succeeded', missing: { body: reason } } }],
    });
  });

  test('with what the final GET has read, and the names of what was cut', () => {
    const event: JobEvent = { kind: 'fetched', decision: { kind: 'fetched', value: { tiles: 9 }, cut: true } };
    const { end } = ended(fetching({ fetches: [{ ...FETCH, into: ['body', 'resource'] }] }), event);
    expect(end).toMatchObject({ steps: [{ result: { body: { tiles: 9 }, resource: { tiles: 9 }, truncated: ['body', 'resource'] } }] });
  });
});

describe('a chain that cleans up', () => {
  const LATER_STEP = { ...DATASET, id: 'tileset', result: { ...DATASET.result, resourceLocation: 'https://maps/tilesets/t1' } };
  const failing = submitted({ kind: 'failed', failure: REFUSED });
  const requests = [
    { step: 'tileset', connection: 'maps', resourceLocation: 'https://maps/tilesets/t1' },
    { step: 'dataset', connection: 'maps', resourceLocation: DATASET.result.resourceLocation },
  ];

  test('deletes what its steps have made, the last first, before it ends', () => {
    const before = submitting({}, { ...CLEANING, done: [DATASET, LATER_STEP] });
    expect(stepAfter(before, failing)).toMatchObject({
      at: 'cleanup',
      dueAtMs: NOW_MS,
      end: { kind: 'failed', failure: REFUSED },
      requests,
    });
  });

  test('ends as it had ended, with what became of the resources', () => {
    const before = submitting({}, { ...CLEANING, done: [DATASET, LATER_STEP] });
    const cleaned = requests.map(({ step, resourceLocation }) => ({ step, resourceLocation, deleted: true }));
    const after = ended(apply(before, failing, NOW_MS) as Job, { kind: 'cleaned', cleaned });
    expect(after.end).toEqual({ kind: 'failed', failure: REFUSED, maybeAccepted: undefined, cleaned });
    expect(after.job.step).toEqual(before.step);
  });

  test('ends at once where nothing was made', () => {
    expect(ended(submitting({}, { about: chainAbout({ cleanup: true }) }), failing).end).toMatchObject({ failure: REFUSED });
  });

  test.each<JobEvent>([{ kind: 'canceled' }, { kind: 'expired' }, { kind: 'hurried' }])('is not cut while it deletes ($kind)', (event) => {
    const cleaning = apply(submitting({}, CLEANING), failing, NOW_MS) as Job;
    expect(apply(cleaning, event, LATER_MS)).toBe(cleaning);
  });
});
