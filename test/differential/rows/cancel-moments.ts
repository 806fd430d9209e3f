/** Rows: an operation is cancelled before the service has accepted it, or after it has succeeded. */
import type { Row } from '../row';
import { arrived, atOnce, waitingToConnect, waitingToRead, waitingToSubmit } from '../row';
import type { Script } from '../scripted-service';
import { ACCEPTED_WITH_RESULT, CANCEL, CANCELING, CANCELLABLE, FINAL, HOUR, STATUS, SUBMIT, SUCCEEDED, accepted, refused } from './answers';

const INPUT = { submit: { path: '/things' }, cancel: CANCELLABLE };

function cancelledAt(name: string, script: Script, at: NonNullable<Row['steps']>[number]['at'], expected: Row['expected']): Row {
  return { name: `cancelled ${name}`, script, input: INPUT, steps: [{ at, does: 'cancel' }], expected };
}

export const CANCEL_MOMENT_ROWS: readonly Row[] = [
  cancelledAt('while it waits to submit again: nothing is left', { [SUBMIT]: [refused(429, { 'Retry-After': HOUR })] }, waitingToSubmit, {
    end: 'canceled',
    left: 'nothing',
    requests: { [SUBMIT]: 1 },
    timers: ['wait * s to submit again (Retry-After)'],
  }),
  {
    ...cancelledAt('while no connection can be opened: nothing is left', {}, waitingToConnect, {
      end: 'canceled',
      left: 'nothing',
      requests: {},
    }),
    refuses: true,
  },
  cancelledAt(
    'while nobody knows whether it was accepted: the end says so',
    { [SUBMIT]: [refused(500, { 'Retry-After': HOUR })] },
    waitingToSubmit,
    {
      end: 'canceled',
      left: 'cancelled while nobody knew whether the service had accepted it',
      requests: { [SUBMIT]: 1 },
    },
  ),
  {
    ...cancelledAt('while its submit is on its way: it is accepted first', { [CANCEL]: [CANCELING] }, arrived(SUBMIT), {
      end: 'canceled',
      left: 'the service was told (202)',
      requests: { [SUBMIT]: 1, [CANCEL]: 1 },
    }),
    script: { [SUBMIT]: [{ ...accepted({ 'Retry-After': HOUR }), held: true }], [CANCEL]: [CANCELING] },
    // A tracker has it before its workflow knows that it is accepted, and cancelled.
    ignoresTimers: true,
    steps: [
      { at: arrived(SUBMIT), does: 'cancel' },
      { at: atOnce, does: 'release' },
    ],
  },
  {
    ...cancelledAt('while its submit is on its way: it is refused, and fails so', {}, arrived(SUBMIT), {
      end: 'failed',
      type: 'SubmissionRejected',
      requests: { [SUBMIT]: 1 },
    }),
    script: { [SUBMIT]: [{ ...refused(400), held: true }] },
    steps: [
      { at: arrived(SUBMIT), does: 'cancel' },
      { at: atOnce, does: 'release' },
    ],
  },
  cancelledAt(
    'while the final GET is tried again: it has succeeded, without what was to be read',
    {
      [SUBMIT]: [ACCEPTED_WITH_RESULT],
      [STATUS]: [SUCCEEDED],
      [FINAL]: [refused(500, { 'Retry-After': HOUR })],
    },
    waitingToRead,
    {
      end: 'succeeded',
      polls: 1,
      requests: { [SUBMIT]: 1, [STATUS]: 1, [FINAL]: 1 },
      result: { missing: { body: 'cancelled before it was read' }, resourceId: '1' },
    },
  ),
  cancelledAt(
    'while the final GET is on its way: it has succeeded, without what was to be read',
    { [SUBMIT]: [ACCEPTED_WITH_RESULT], [STATUS]: [SUCCEEDED], [FINAL]: [{ held: true }] },
    arrived(FINAL),
    {
      end: 'succeeded',
      requests: { [SUBMIT]: 1, [STATUS]: 1, [FINAL]: 1 },
      result: { missing: { body: 'cancelled before it was read' }, resourceId: '1' },
    },
  ),
];
