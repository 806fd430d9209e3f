/** Rows: another operation of the connection makes it pause, or the deadline comes. */
import { arrived, heldBack, pollHeldBack, waitingToRead, waitingToSubmit, type Row } from '../row';
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
/** As long as a connection pauses at most: a run that starts in it is held back for sure. */
const PAUSE = { 'POST /neighbours': [refused(429, { 'Retry-After': '10' })] };

const HOLDS: readonly Row[] = [
  {
    name: 'a submit that is held back by its connection is no try: the backoff begins with the first one that was sent',
    script: { ...PAUSE, ...follow(SUCCEEDED), [SUBMIT]: [refused(429), accepted()] },
    steps: [{ does: 'neighbour' }, { at: heldBack, does: 'look' }],
    expected: {
      end: 'succeeded',
      lastSubmitWaitSeconds: 1,
      polls: 1,
      requests: { [SUBMIT]: 2, [STATUS]: 1 },
      progress: [{ polls: 0, lastProblem: { message: /not sent: the service asked for a pause/ } }],
    },
  },
  {
    name: 'a poll that is held back by its connection is no poll',
    script: { ...PAUSE, ...follow({ ...running(), held: true }, SUCCEEDED) },
    steps: [
      { at: arrived(STATUS), does: 'neighbour' },
      { at: () => Promise.resolve(), does: 'release' },
    ],
    expected: { end: 'succeeded', polls: 2, requests: { [SUBMIT]: 1, [STATUS]: 2 } },
  },
  {
    name: 'an operation whose poll is held back by its connection is cancelled all the same',
    script: { ...PAUSE, ...follow({ ...running(), held: true }), [CANCEL]: [{ httpStatus: 202 }] },
    input: { ...POST, cancel: CANCELLABLE },
    steps: [
      { at: arrived(STATUS), does: 'neighbour' },
      { at: () => Promise.resolve(), does: 'release' },
      { at: pollHeldBack, does: 'cancel' },
    ],
    expected: { end: 'canceled', left: 'the service was told (202)', requests: { [SUBMIT]: 1, [STATUS]: 1, [CANCEL]: 1 } },
  },
  {
    name: 'a deadline that comes while a submit is held back ends it, and nothing was sent',
    script: PAUSE,
    input: { ...POST, deadlineSeconds: 6 },
    steps: [{ does: 'neighbour' }],
    expected: { end: 'failed', type: 'DeadlineExceeded', message: /was not accepted by its deadline/, requests: {} },
  },
];

const DEADLINES: readonly Row[] = [
  {
    name: 'a deadline that comes before it is accepted ends it',
    script: { [SUBMIT]: [refused(503, { 'Retry-After': HOUR })] },
    input: { ...POST, deadlineSeconds: 8 },
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
    input: { ...POST, deadlineSeconds: 8 },
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
    input: { ...POST, deadlineSeconds: 12 },
    expected: { end: 'failed', type: 'DeadlineExceeded', message: /was not accepted by its deadline; last problem: /, requests: {} },
  },
  {
    name: 'a deadline that comes while it waits ends it, with the status URL to go on with',
    script: follow(running(HOUR)),
    input: { ...POST, deadlineSeconds: 9 },
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
    input: { ...POST, deadlineSeconds: 9 },
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
    input: { ...POST, deadlineSeconds: 9 },
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
