/** What each event makes of a job that goes on: the table of `job.ts`. */
import { attachedJob, newJob } from '../../src/jobs/begin';
import { apply } from '../../src/jobs/job';
import type { Job, JobEvent } from '../../src/jobs/model';
import type { Uncertain } from '../../src/lro/monitor';
import {
  about,
  chainAbout,
  DATASET,
  FETCH,
  fetching,
  monitor,
  NEW_ITEM,
  NOW,
  NOW_MS,
  PLACE,
  polled,
  polling,
  stepAfter,
  submitted,
  submitting,
  TILESET,
} from './given';

const LATER_MS = NOW_MS + 3_600_000;
const UNCERTAIN: Uncertain = { kind: 'uncertain', waitSeconds: 2, why: 'backoff', trouble: { message: 'timed out', httpStatus: 504 } };
const KEY = { idempotencyKey: 'key-1', firstSentAtMs: NOW_MS - 1000 };

describe('a job begins', () => {
  test('due at once, where it is to be submitted', () => {
    expect(newJob(PLACE, { about: about() })).toEqual({
      ...PLACE,
      about: about(),
      step: { at: 'submit', dueAtMs: 0, why: 'start', tries: 0 },
    });
  });

  test('with its first poll due, where it follows an operation that was started elsewhere', () => {
    expect(attachedJob(PLACE, monitor, NOW_MS, {}).step).toEqual({ at: 'poll', monitor, polls: 0, dueAtMs: NOW_MS, why: 'first poll' });
  });
});

test.each<[string, Job, JobEvent, Partial<Job['step']>]>([
  [
    'accepted: its first poll is due when the answer says',
    submitting(),
    submitted({ kind: 'accepted', monitor, waitSeconds: 30, why: 'Retry-After', status: 'NotStarted' }),
    { at: 'poll', monitor, polls: 0, status: 'NotStarted', submittedAtMs: NOW_MS, dueAtMs: NOW_MS + 30_000, why: 'Retry-After' },
  ],
  [
    'accepted after pollNow: its first poll is due at once',
    submitting({ thenHurry: true }),
    submitted({ kind: 'accepted', monitor, waitSeconds: 30, why: 'Retry-After' }),
    { at: 'poll', dueAtMs: NOW_MS, why: 'pollNow' },
  ],
  [
    'not accepted: it is tried again when the answer says, and counts as a try',
    submitting({ tries: 2 }),
    submitted({ kind: 'notAccepted', waitSeconds: 7, why: 'Retry-After', trouble: { message: 'busy', httpStatus: 429 } }),
    { at: 'submit', tries: 3, dueAtMs: NOW_MS + 7000, firstSentAtMs: NOW_MS, problem: { message: 'busy', httpStatus: 429, at: NOW } },
  ],
  [
    'held back by its connection: it counts as no try',
    submitting({ tries: 2 }),
    submitted({ kind: 'notAccepted', heldBack: true, waitSeconds: 7, why: 'Retry-After', trouble: { message: 'a pause' } }),
    { at: 'submit', tries: 2, dueAtMs: NOW_MS + 7000, why: 'Retry-After' },
  ],
  [
    'not sent: it waits as long as the activity says, and counts as no try',
    submitting({ tries: 2 }),
    { kind: 'submitted', waitSeconds: 30, trouble: { message: 'not sent: a pause' } },
    { at: 'submit', tries: 2, dueAtMs: NOW_MS + 30_000, why: 'held', problem: { message: 'not sent: a pause', at: NOW } },
  ],
  [
    'nothing known of an item whose activity could not begin: it waits',
    NEW_ITEM,
    { kind: 'submitted', waitSeconds: 5, trouble: { message: 'no manifest' } },
    { at: 'submit', tries: 0, dueAtMs: NOW_MS + 5000, why: 'held' },
  ],
  [
    'uncertain, to be sent again: the key of the try that may have arrived is kept',
    submitting(),
    submitted(UNCERTAIN, { maybeAccepted: KEY }),
    { at: 'submit', tries: 1, dueAtMs: NOW_MS + 2000, maybeAccepted: KEY },
  ],
  [
    'claimed by a worker that died: the next try names the same first one',
    submitting(),
    { kind: 'submitted', about: about(), decision: UNCERTAIN, maybeAccepted: KEY, waitSeconds: 0 },
    { at: 'submit', tries: 1, firstSentAtMs: KEY.firstSentAtMs, maybeAccepted: KEY },
  ],
  ['hurried before it is accepted: that is kept for the first poll', submitting(), { kind: 'hurried' }, { at: 'submit', thenHurry: true }],
  [
    'running: it is asked again when the answer says',
    polling(),
    polled({ kind: 'running', waitSeconds: 30, why: 'Retry-After', status: 'Running' }),
    { at: 'poll', polls: 4, lastPollAtMs: NOW_MS, status: 'Running', dueAtMs: NOW_MS + 30_000, why: 'Retry-After' },
  ],
  [
    'running, at a status URL that has moved',
    polling(),
    polled({ kind: 'running', waitSeconds: 0, why: 'backoff', monitor: { ...monitor, statusUrl: 'https://elsewhere' } }),
    { at: 'poll', monitor: { ...monitor, statusUrl: 'https://elsewhere' } },
  ],
  [
    'not asked, because its connection pauses: it counts as no poll',
    polling(),
    polled({ kind: 'running', waitSeconds: 30, why: 'Retry-After', notAsked: true, trouble: { message: 'a pause' } }),
    { at: 'poll', polls: 3, dueAtMs: NOW_MS + 30_000, problem: { message: 'a pause', at: NOW } },
  ],
  [
    'hurried: it is due at its distance to the last answer',
    polling({ lastPollAtMs: NOW_MS, dueAtMs: LATER_MS }),
    { kind: 'hurried' },
    { at: 'poll', dueAtMs: NOW_MS + 1000, why: 'pollNow' },
  ],
  [
    'hurried where it is due sooner anyway: nothing changes',
    polling({ lastPollAtMs: NOW_MS, dueAtMs: NOW_MS + 5 }),
    { kind: 'hurried' },
    { at: 'poll', dueAtMs: NOW_MS + 5, why: 'Retry-After' },
  ],
  [
    'unreachable, because no worker could ask: it is asked again later',
    polling({ dueAtMs: NOW_MS - 1 }),
    { kind: 'unreachable', message: 'the worker could not ask', waitSeconds: 10 },
    { at: 'poll', polls: 3, dueAtMs: NOW_MS + 10_000, why: 'backoff', problem: { message: 'the worker could not ask', at: NOW } },
  ],
  [
    'succeeded, and there is more to read: it is read at once',
    polling(),
    polled({ kind: 'succeeded', outcome: TILESET, fetches: [FETCH] }),
    { at: 'fetch', polls: 4, outcome: TILESET, fetches: [FETCH], dueAtMs: NOW_MS },
  ],
  [
    'a final GET that is worth repeating: it is read again when the answer says',
    fetching(),
    {
      kind: 'fetched',
      decision: { kind: 'again', fetch: { ...FETCH, attempts: 1 }, reason: 'the service answered 503', waitSeconds: 2, why: 'backoff' },
    },
    {
      at: 'fetch',
      fetches: [{ ...FETCH, attempts: 1 }],
      dueAtMs: NOW_MS + 2000,
      problem: { message: 'final GET: the service answered 503', at: NOW },
    },
  ],
])('%s', (_, before, event, step) => {
  expect(stepAfter(before, event)).toMatchObject(step);
});

test('the first submit of an item begins its deadline', () => {
  const accepted = submitted(
    { kind: 'accepted', monitor, waitSeconds: 0, why: 'default interval' },
    { about: about({ deadlineSeconds: 60 }) },
  );
  expect(apply(NEW_ITEM, accepted, NOW_MS + 5)).toMatchObject({ startedAtMs: NOW_MS, deadlineAtMs: NOW_MS + 60_000 });
});

test('an item that is retried has the time that its own batch gives it, whatever the first try of an earlier one', () => {
  const retried = { idempotencyKey: 'key-1', firstSentAtMs: NOW_MS - 86_400_000 };
  const accepted = submitted(
    { kind: 'accepted', monitor, waitSeconds: 0, why: 'default interval' },
    { about: about({ deadlineSeconds: 60, generation: 1 }), firstSentAtMs: retried.firstSentAtMs, maybeAccepted: retried },
  );
  expect(apply(NEW_ITEM, accepted, NOW_MS + 5)).toMatchObject({ step: { at: 'poll' }, deadlineAtMs: NOW_MS + 60_000 });
});

test('the deadline that a job has stays, whatever a later submit says', () => {
  const shorter = about({ deadlineSeconds: 9 });
  const again = submitted({ kind: 'notAccepted', waitSeconds: 0, why: 'backoff', trouble: { message: 'busy' } }, { about: shorter });
  expect(apply(submitting(), again, NOW_MS)).toMatchObject({ about: shorter, deadlineAtMs: LATER_MS });
});

test('a deadline of 0 is none', () => {
  const accepted = submitted(
    { kind: 'accepted', monitor, waitSeconds: 0, why: 'default interval' },
    { about: about({ deadlineSeconds: 0 }) },
  );
  const after = apply(NEW_ITEM, accepted, NOW_MS) as Job;
  expect(after.deadlineAtMs).toBeUndefined();
  expect(apply(after, { kind: 'expired' }, Number.MAX_SAFE_INTEGER)).toBe(after);
});

const CHAIN: Partial<Job> = { about: chainAbout(), done: [DATASET] };

test('a step that is done is followed by the next one, due at once and tried for the first time', () => {
  const after = apply(polling({}, CHAIN), polled({ kind: 'succeeded', outcome: TILESET, fetches: [] }), NOW_MS) as Job;
  expect(after.step).toEqual({ at: 'submit', dueAtMs: NOW_MS, why: 'next step', tries: 0 });
  expect(after.about).toMatchObject({ step: { id: 'routeset' }, left: [], title: 'POST /routesets · maps' });
  expect(after.done).toMatchObject([{ id: 'dataset' }, { id: 'tileset', result: { resourceId: 't1', polls: 4 } }]);
});

test('a step that is not the last of a chain in a batch keeps its body only where a later one refers to it', () => {
  const step = { id: 'tileset', title: 'POST /tilesets · maps', connection: 'maps' };
  const success = polled({ kind: 'succeeded', outcome: { ...TILESET, warning: { message: 'w'.repeat(2000) } }, fetches: [] });
  const resultWith = (withBody: boolean | undefined): unknown => {
    const item = polling({}, { ...CHAIN, about: chainAbout({ short: true, step: { ...step, withBody } }) });
    return (apply(item, success, NOW_MS) as Job).done?.at(-1)?.result;
  };
  expect(resultWith(true)).toMatchObject({ body: { a: 1 }, statusUrl: undefined, warning: expect.stringMatching(/^.{1024}…$/) });
  expect(resultWith(undefined)).toMatchObject({ body: undefined, resourceId: 't1' });
});
