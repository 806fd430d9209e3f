/**
 * What holds for every job, whatever happens to it: jobs are driven through random events and time steps, as an engine drives them.
 * Some 300,000 steps, several millions with `LRO_LONG=1`.
 */
import * as ends from './invariants';
import * as steps from './invariants-of-steps';
import { holdsOnWalks, type Invariant } from './walk';

const isLong = process.env['LRO_LONG'] === '1';
const STEPS = isLong ? 400_000 : 20_000;
jest.setTimeout(isLong ? 900_000 : 60_000);

const INVARIANTS: [string, Invariant][] = [
  ['it ends once, with the event that is its end and with no other', ends.endsOnce],
  ['a success that was read is never lost, nor what was read of its result', ends.successKept],
  ['a failure that was read is never lost, nor its words', ends.failureKept],
  ['after a try that may have arrived, nothing is sent where at most one submit was asked', ends.atMostOnce],
  ['what was never sent is never called uncertain', ends.neverSentNeverUncertain],
  ['the deadline never moves, nothing is sent after it, and it ends the job', ends.deadlineEnds],
  ['what the steps have made is deleted, the last first, and nothing that was given', ends.cleansUpWhatItMade],
  ['it is never due before the wait that the last answer asked for, unless it is hurried, nor later', steps.neverEarly],
  ['a try is what was sent and came to nothing, and what was held back is none', steps.countsTries],
  ['every try says when the first one was sent', steps.firstTryKept],
  ['the polls of a result are those that were sent', steps.countsPolls],
  ['steps are run in order, each is accepted once, and names and labels stay', steps.keepsOrderAndNames],
  ['a submit that may stream a file has time for it', steps.timeForFiles],
  ['it is plain JSON, and goes on from its round trip as from itself', steps.survivesJson],
  ['events change nothing in place, throw nothing, and do nothing to a step that they do not concern', steps.isPure],
];

describe('of a job, whatever happens to it:', () => {
  test.each(INVARIANTS)('%s', (_name, invariant) => {
    holdsOnWalks(invariant, STEPS);
  });
});

test('the walks lead everywhere', () => {
  const seen = new Set<string>();
  // The rarest of them might be missed by chance.
  holdsOnWalks(steps.seeing(seen), 40_000, 1);
  const expected = EVERYWHERE.flatMap(([places, events]) => places.flatMap((at) => events.map((event) => `${event} at ${at}`)));
  expect(expected.filter((place) => !seen.has(place))).toEqual([]);
});

const ANYWHERE = ['hurried', 'expired', 'canceled'];
const ENDED_AT_CANCEL = ['accepted', 'ended', 'refused', 'unreachable'];
const UNSUCCESSFUL = ['failed by expired', 'canceled by canceled'];
const EVERYWHERE: [string[], string[]][] = [
  [['submit', 'poll', 'fetch', 'cleanup'], ANYWHERE],
  [['submit'], ['', ' accepted', ' succeeded', ' failed', ' notAccepted', ' uncertain', ' invalid'].map((kind) => `submitted${kind}`)],
  [['submit'], ['abandoned', 'notStarted by abandoned', 'notStarted by canceled', 'canceled by abandoned', 'invalid by submitted']],
  [['submit'], [...UNSUCCESSFUL, 'failed by submitted', 'canceled by submitted', 'succeeded by submitted']],
  [['poll'], ['polled running', 'polled failed', 'polled succeeded', 'unreachable', ...ENDED_AT_CANCEL.map((kind) => `canceled ${kind}`)]],
  [
    ['poll'],
    [...UNSUCCESSFUL, 'failed by polled', 'canceled by polled', 'succeeded by polled', 'succeeded by canceled', 'failed by canceled'],
  ],
  [['fetch'], ['fetched fetched', 'fetched again', 'fetched missing', 'unreachable']],
  [['fetch'], ['succeeded by fetched', 'succeeded by expired', 'succeeded by canceled', ...UNSUCCESSFUL]],
  [['cleanup'], ['cleaned']],
];
