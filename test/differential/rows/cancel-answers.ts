/** Rows: an operation that the service has accepted is cancelled, and the service says this or that to it. */
import type { Row } from '../row';
import { accepted as isAccepted, arrived, polled } from '../row';
import type { ScriptedAnswer } from '../scripted-service';
import {
  CANCEL,
  CANCELED,
  CANCELING,
  CANCELLABLE,
  FAILED,
  HOUR,
  STATUS,
  SUBMIT,
  SUCCEEDED,
  accepted,
  follow,
  refused,
  running,
} from './answers';

const INPUT = { submit: { path: '/things' }, cancel: CANCELLABLE };

/** Cancelled while it waits for the next poll. */
function whileWaiting(name: string, cancels: ScriptedAnswer[], polls: ScriptedAnswer[], expected: Row['expected']): Row {
  return {
    name: `cancelled while it waits: ${name}`,
    script: { ...follow(running(HOUR), ...polls), [CANCEL]: cancels },
    input: INPUT,
    steps: [{ at: polled(1), does: 'cancel' }],
    expected: { progress: [WAITING], ...expected },
  };
}

const WAITING = {
  status: 'Running',
  operationId: '1',
  statusUrl: '{base}/operations/1',
  polls: 1,
  lastPollAt: '{time}',
  nextPollAt: '{time}',
};

/** Its second poll is on its way, and is not answered before the run has ended. */
function whilePolled(name: string, cancels: ScriptedAnswer[], then: ScriptedAnswer[], expected: Row['expected']): Row {
  return {
    name: `cancelled while a poll is on its way: ${name}`,
    script: { ...follow(running(), { ...running(), held: true }, ...then), [CANCEL]: cancels },
    input: INPUT,
    steps: [{ at: arrived(STATUS, 2), does: 'cancel' }],
    expected,
  };
}

const REFUSED = [refused(409)];
const asked = (polls: number): Record<string, number> => ({ [SUBMIT]: 1, [STATUS]: polls, [CANCEL]: 1 });

/** The waits between two calls are durable timers of the workflow, beside the one that it waited over before. */
const NAMED = /^"wait \* s .*"$/;

const UNREACHABLE: readonly Row[] = [
  whileWaiting('a service that cannot hear it is called five times', [refused(500)], [], {
    end: 'canceled',
    left: /^"the service was not told: the service answered 500/,
    requests: { [SUBMIT]: 1, [STATUS]: 1, [CANCEL]: 5 },
    timers: { 1: NAMED },
  }),
  whileWaiting('a service whose connections are lost is called five times', [{ cut: true }], [], {
    end: 'canceled',
    left: /^"the service was not told: /,
    requests: { [SUBMIT]: 1, [STATUS]: 1, [CANCEL]: 5 },
    timers: { 1: NAMED },
  }),
  whilePolled('a service that cannot hear it is called five times', [refused(503)], [], {
    end: 'canceled',
    left: /^"the service was not told: the service answered 503/,
    requests: { [SUBMIT]: 1, [STATUS]: 2, [CANCEL]: 5 },
    timers: { 0: NAMED },
  }),
  whileWaiting('a service that hears it in the end is called until then', [refused(500), refused(429), CANCELING], [], {
    end: 'canceled',
    left: 'the service was told (202)',
    requests: { [SUBMIT]: 1, [STATUS]: 1, [CANCEL]: 3 },
    timers: { 1: NAMED },
  }),
];

const WHILE_WAITING: readonly Row[] = [
  whileWaiting('the service takes it', [CANCELING], [], {
    end: 'canceled',
    left: 'the service was told (202)',
    requests: asked(1),
    timers: ['wait * s (Retry-After)'],
  }),
  whileWaiting('the service takes it and says that it is about to', [{ body: { status: 'Canceling' } }], [], {
    end: 'canceled',
    left: 'the service was told (200)',
    requests: asked(1),
  }),
  whileWaiting('an answer without content is no success of the operation', [{ httpStatus: 204 }], [], {
    end: 'canceled',
    left: 'the service was told (204)',
    requests: asked(1),
  }),
  whileWaiting('the service says at once that it is cancelled', [CANCELED], [], {
    end: 'canceled',
    left: /canceled at the service/,
    requests: asked(1),
  }),
  whileWaiting('the service says at once that it has succeeded', [SUCCEEDED], [], {
    end: 'succeeded',
    requests: asked(1),
    result: { resourceId: '1' },
  }),
  whileWaiting('the service says at once that it has failed', [FAILED], [], {
    end: 'failed',
    type: 'OperationFailed',
    requests: asked(1),
  }),
  whileWaiting('it cannot be cancelled and still runs', REFUSED, [running()], {
    end: 'canceled',
    left: /^"the service was not told: the service answered 409/,
    requests: asked(2),
  }),
  whileWaiting('the service knows no such call, and it still runs', [refused(404)], [running()], {
    end: 'canceled',
    left: /^"the service was not told: the service answered 404/,
    requests: asked(2),
  }),
  whileWaiting('it has succeeded already', REFUSED, [SUCCEEDED], {
    end: 'succeeded',
    requests: asked(2),
    result: { resourceId: '1', operationId: 'op-1' },
  }),
  whileWaiting('it has failed already', REFUSED, [FAILED], {
    end: 'failed',
    type: 'OperationFailed',
    message: /no layer/,
    requests: asked(2),
  }),
  whileWaiting('it was cancelled already', REFUSED, [CANCELED], {
    end: 'canceled',
    left: /canceled at the service/,
    requests: asked(2),
  }),
  whileWaiting('it is gone', REFUSED, [refused(410)], {
    end: 'canceled',
    left: /the service no longer knows the operation \(410\)/,
    requests: asked(2),
  }),
  whileWaiting('the service cannot say how it stands', REFUSED, [refused(500)], {
    end: 'canceled',
    left: /^"the service was not told: the service answered 409/,
    requests: asked(2),
  }),
  {
    ...whileWaiting('its status makes no sense any more', REFUSED, [{ body: '<html>' }], {
      end: 'canceled',
      left: /could not be read|not told/,
      requests: asked(2),
    }),
    connection: { poll: { maxUnreadable: 1 } },
  },
  {
    name: 'cancelled while it waits: the credentials are refused for good',
    script: { ...follow(refused(401, { 'Retry-After': '0' }), refused(401, { 'Retry-After': HOUR }), refused(401)), [CANCEL]: REFUSED },
    input: INPUT,
    steps: [{ at: polled(2), does: 'cancel' }],
    expected: { end: 'canceled', left: /credentials|not told/, requests: asked(3) },
  },
  {
    ...whileWaiting('its input names no way to cancel it', [], [], {
      end: 'canceled',
      left: /^"the service was not told: .* names no cancel request"$/,
      requests: { [SUBMIT]: 1, [STATUS]: 1 },
    }),
    input: { submit: { path: '/things' } },
  },
  {
    ...whileWaiting('the call would go to a host that is not trusted', [], [running()], {
      end: 'canceled',
      left: /^"the service was not told: /,
      requests: { [SUBMIT]: 1, [STATUS]: 2 },
    }),
    input: { submit: { path: '/things' }, cancel: { path: 'http://elsewhere.example/cancel' } },
  },
  {
    name: 'cancelled before the first poll: the service takes it',
    script: { [SUBMIT]: [accepted({ 'Retry-After': HOUR })], [CANCEL]: [CANCELING] },
    input: INPUT,
    steps: [{ at: isAccepted, does: 'cancel' }],
    expected: {
      end: 'canceled',
      left: 'the service was told (202)',
      requests: { [SUBMIT]: 1, [CANCEL]: 1 },
      progress: [{ operationId: '1', statusUrl: '{base}/operations/1', polls: 0, nextPollAt: '{time}' }],
    },
  },
  {
    name: 'cancelled while it waits: one that was started elsewhere is cancelled as well',
    script: { [STATUS]: [running(HOUR)], [CANCEL]: [CANCELING] },
    input: { attach: { statusUrl: '/operations/1' }, cancel: CANCELLABLE },
    steps: [{ at: polled(1), does: 'cancel' }],
    expected: { end: 'canceled', left: 'the service was told (202)', requests: { [STATUS]: 1, [CANCEL]: 1 } },
  },
];

const WHILE_POLLED: readonly Row[] = [
  whilePolled('the service takes it', [CANCELING], [], { end: 'canceled', left: 'the service was told (202)', requests: asked(2) }),
  whilePolled('it has succeeded already', REFUSED, [SUCCEEDED], { end: 'succeeded', requests: asked(3), result: { resourceId: '1' } }),
  whilePolled('it has failed already', REFUSED, [FAILED], { end: 'failed', type: 'OperationFailed', requests: asked(3) }),
  whilePolled('it is gone', REFUSED, [refused(410)], { end: 'canceled', left: /\(410\)/, requests: asked(3) }),
  whilePolled('it cannot be cancelled and still runs', REFUSED, [running()], {
    end: 'canceled',
    left: /^"the service was not told: the service answered 409/,
    requests: asked(3),
  }),
];

export const CANCEL_ANSWER_ROWS: readonly Row[] = [...UNREACHABLE, ...WHILE_WAITING, ...WHILE_POLLED];
