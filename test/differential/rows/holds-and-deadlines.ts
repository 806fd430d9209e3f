/** Rows: the connection is half open because of another operation, or the deadline comes. */
import { arrived, atOnce, pollHeldBack, polledWell, submitHeldBack, waitingToRead, waitingToSubmit, type Row } from '../row';
import type { Script } from '../scripted-service';
import {
  ACCEPTED_WITH_RESULT,
  CANCEL,
  CANCELLABLE,
  FINAL,
  HOUR,
  STATUS,
  SUBMIT,
  SUCCEEDED,
  accepted,
  follow,
  refused,
  running,
} from './answers';

const POST = { submit: { path: '/things' } };
/**
 * Answers to a neighbour that make its connection half open and then leave it so: with every one in vain the next request goes later, and
 * while the last one is waited for and for 8 s after it none goes. What comes in these 11 s is held for sure.
 */
function busyFor(httpStatus: 429 | 503): Script {
  const busy = refused(httpStatus, { 'Retry-After': '0' });
  return { 'POST /neighbours': [busy, busy, busy, busy, busy, { ...busy, afterSeconds: 3 }] };
}

const HELD = (httpStatus: 429 | 503): RegExp =>
  new RegExp(`^"not sent: the service answers ${httpStatus} since {time}, and is asked by one request at a time`);

/** Its first poll is not answered before the connection is half open: that answer is of the time before, and the next poll is held. */
const HELD_POLL = { held: true, ...running() };
const HOLD_POLLS = [
  { at: arrived(STATUS), does: 'neighbour' },
  { at: atOnce, does: 'release' },
] as const;

const HOLDS: readonly Row[] = [
  {
    name: 'a submit that is held back by its connection is no try: the backoff begins with the first one that was sent',
    script: { ...busyFor(429), ...follow(SUCCEEDED), [SUBMIT]: [refused(429), accepted()] },
    ignoresTimers: true,
    steps: [{ does: 'neighbour' }, { at: submitHeldBack, does: 'look' }],
    expected: {
      end: 'succeeded',
      lastBackoffSeconds: 1,
      polls: 1,
      requests: { [SUBMIT]: 2, [STATUS]: 1 },
      progress: [{ polls: 0, lastProblem: { message: HELD(429) } }],
    },
  },
  {
    name: 'a poll that is held back by its connection is no poll',
    script: { ...busyFor(429), ...follow(HELD_POLL, SUCCEEDED) },
    ignoresTimers: true,
    steps: [...HOLD_POLLS, { at: pollHeldBack, does: 'look' }],
    expected: {
      end: 'succeeded',
      polls: 2,
      requests: { [SUBMIT]: 1, [STATUS]: 2 },
      progress: { 2: { status: 'Running', polls: 1, lastProblem: { message: HELD(429) } } },
    },
  },
  {
    name: 'a poll that was held back by its connection has nothing to complain of when it was answered',
    script: { ...busyFor(503), ...follow(HELD_POLL, running(HOUR)), [CANCEL]: [{ httpStatus: 202 }] },
    input: { ...POST, cancel: CANCELLABLE },
    ignoresTimers: true,
    steps: [...HOLD_POLLS, { at: pollHeldBack, does: 'look' }, { at: polledWell(2), does: 'cancel' }],
    expected: {
      end: 'canceled',
      left: 'the service was told (202)',
      requests: { [SUBMIT]: 1, [STATUS]: 2, [CANCEL]: 1 },
      progress: { 2: { lastProblem: { message: HELD(503) } }, 3: { polls: 2, status: 'Running' } },
    },
  },
  {
    name: 'an operation whose poll is held back by its connection is cancelled all the same',
    script: { ...busyFor(503), ...follow(HELD_POLL), [CANCEL]: [{ httpStatus: 202 }] },
    input: { ...POST, cancel: CANCELLABLE },
    ignoresTimers: true,
    steps: [...HOLD_POLLS, { at: pollHeldBack, does: 'cancel' }],
    expected: { end: 'canceled', left: 'the service was told (202)', requests: { [SUBMIT]: 1, [STATUS]: 1, [CANCEL]: 1 } },
  },
  {
    name: 'cancelled while its submit is held back: nothing is left, and nothing was sent',
    script: busyFor(503),
    input: { ...POST, cancel: CANCELLABLE },
    ignoresTimers: true,
    steps: [{ does: 'neighbour' }, { at: submitHeldBack, does: 'cancel' }],
    expected: { end: 'canceled', left: 'nothing', requests: {}, progress: [{ polls: 0, lastProblem: { message: HELD(503) } }] },
  },
  {
    name: 'a deadline that comes while a submit is held back ends it, and nothing was sent',
    script: busyFor(429),
    input: { ...POST, deadlineSeconds: 5 },
    ignoresTimers: true,
    steps: [{ does: 'neighbour' }],
    expected: {
      end: 'failed',
      type: 'DeadlineExceeded',
      message: /was not accepted by its deadline; last problem: not sent: the service answers 429 since/,
      requests: {},
    },
  },
];

const DEADLINES: readonly Row[] = [
  {
    name: 'a deadline that comes before it is accepted ends it',
    script: { [SUBMIT]: [refused(503, { 'Retry-After': HOUR })] },
    input: { ...POST, deadlineSeconds: 15 },
    steps: [{ at: waitingToSubmit, does: 'look' }],
    expected: {
      end: 'failed',
      type: 'DeadlineExceeded',
      message: /^"POST \/things · \{connection\} was not accepted by its deadline; last problem: /,
      httpStatus: 503,
      requests: { [SUBMIT]: 1 },
      progress: [{ polls: 0, lastProblem: { httpStatus: 503 } }],
      timers: ['wait * s to submit again (deadline)'],
    },
  },
  {
    name: 'a deadline that comes while nobody knows whether it was accepted says so',
    script: { [SUBMIT]: [refused(500, { 'Retry-After': HOUR })] },
    input: { ...POST, deadlineSeconds: 15 },
    expected: {
      end: 'failed',
      type: 'DeadlineExceeded',
      message: /an earlier try may have been accepted all the same/,
      requests: { [SUBMIT]: 1 },
    },
  },
  {
    name: 'a deadline that comes while no connection can be opened ends it',
    refuses: true,
    script: {},
    input: { ...POST, deadlineSeconds: 15 },
    ignoresTimers: true,
    expected: { end: 'failed', type: 'DeadlineExceeded', message: /was not accepted by its deadline; last problem: /, requests: {} },
  },
  {
    name: 'a deadline that comes while it waits ends it, with the status URL to go on with',
    script: follow(running(HOUR)),
    input: { ...POST, deadlineSeconds: 15 },
    expected: {
      end: 'failed',
      type: 'DeadlineExceeded',
      message: /last status: Running/,
      statusUrl: '{base}/operations/1',
      requests: { [SUBMIT]: 1, [STATUS]: 1 },
      timers: ['wait * s (deadline)'],
    },
  },
  {
    name: 'a deadline that comes while the service is out of order names the problem',
    script: follow(running(), refused(503, { 'Retry-After': HOUR })),
    input: { ...POST, deadlineSeconds: 15 },
    expected: {
      end: 'failed',
      type: 'DeadlineExceeded',
      message: /last problem: the service answered 503/,
      requests: { [SUBMIT]: 1, [STATUS]: 2 },
    },
  },
  {
    name: 'a deadline that comes while the final GET is tried again leaves the success as it is',
    script: {
      [SUBMIT]: [ACCEPTED_WITH_RESULT],
      [STATUS]: [SUCCEEDED],
      [FINAL]: [refused(500, { 'Retry-After': HOUR })],
    },
    input: { ...POST, deadlineSeconds: 15 },
    steps: [{ at: waitingToRead, does: 'look' }],
    expected: {
      end: 'succeeded',
      requests: { [SUBMIT]: 1, [STATUS]: 1, [FINAL]: 1 },
      result: { missing: { body: 'not read before the deadline' }, resourceId: '1' },
      timers: ['wait * s (deadline)'],
    },
  },
];

export const HOLD_AND_DEADLINE_ROWS: readonly Row[] = [...HOLDS, ...DEADLINES];
