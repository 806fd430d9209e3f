/** Random decisions about answers of services, and what comes of submits whose activity did not live to return. */
import type { FailureDetails, FailureType, Json } from '../../src/contract';
import type { MaybeAccepted, Submitted } from '../../src/jobs/model';
import type { CancelDecision } from '../../src/lro/cancel';
import type { FetchDecision } from '../../src/lro/fetch';
import type { FindDecision } from '../../src/lro/find';
import type { Failed, Fetch, Monitor, Outcome, Running, StatusDecision, Succeeded } from '../../src/lro/monitor';
import type { Dice } from './dice';

const HOST = 'https://maps.example';

export function monitor(number: number): Monitor {
  const id = `op-${number}`;
  return { connection: 'maps', statusUrl: `${HOST}/operations/${id}`, style: 'monitor', operationId: id, acceptedAtMs: 1_700_000_000_000 };
}

const WAITS = [0, 0, 0.25, 1, 5, 30, 3600, 36_000];
const WHYS = ['Retry-After', 'default interval', 'backoff'] as const;

function wait(dice: Dice): Pick<Running, 'waitSeconds' | 'why'> {
  return { waitSeconds: dice.of(WAITS), why: dice.of(WHYS) };
}

function failed(dice: Dice, types: readonly FailureType[]): Failed {
  const type = dice.of(types);
  const failure: FailureDetails = {
    type,
    message: `${type} of the service, no. ${dice.below(1000)}`,
    httpStatus: dice.of([200, 400, 404]),
  };
  if (dice.chance(0.3)) failure.error = { code: 'Broken', details: [{ message: 'half' }] };
  return { kind: 'failed', failure };
}

const SMALL: Json = { features: [1, 2, 3] };

function succeeded(dice: Dice): Succeeded {
  const number = dice.below(1000);
  const made = dice.chance(0.8);
  const outcome: Outcome = {
    status: dice.of(['Succeeded', 'completed']),
    operationId: dice.chance(0.5) ? `op-${number}` : undefined,
    resourceLocation: made ? `${HOST}/things/${number}` : undefined,
    resourceId: made ? `${number}` : undefined,
    body: dice.chance(0.7) ? { ...(SMALL as object), number } : undefined,
    // Of a length at which half of a character could be left.
    warning: dice.chance(0.2) ? { message: `${'x'.repeat(dice.below(3))}${'\u{1f3e2}'.repeat(dice.of([1, 600]))}` } : undefined,
    truncated: dice.chance(0.2) ? ['body'] : undefined,
  };
  const fetches = Array.from({ length: dice.of([0, 0, 1, 2]) }, (_, index): Fetch => ({
    connection: 'maps',
    url: `${HOST}/things/${number}`,
    into: index === 0 ? dice.of([['body'], ['body', 'resource'], ['resource']] as const).slice() : ['resource'],
  }));
  return { kind: 'succeeded', outcome, shownLocation: dice.chance(0.2) ? `${HOST}/masked` : undefined, fetches };
}

const SUBMIT_FAILURES = ['SubmissionRejected', 'ProtocolError', 'OperationFailed', 'OperationCanceled', 'UntrustedUrl'] as const;
const STATUS_FAILURES = ['OperationFailed', 'OperationCanceled', 'OperationGone', 'ProtocolError', 'Unauthorized'] as const;

/** The answer to a submit that was sent. @param sent what a later try needs to send the same again */
export function submitAnswer(dice: Dice, number: number, sent: MaybeAccepted, retried: MaybeAccepted | undefined): Submitted {
  const trouble = { message: `trouble ${number}`, httpStatus: dice.of([429, 503, undefined]) };
  const answered: Submitted = { firstSentAtMs: sent.firstSentAtMs, maybeAccepted: retried };
  return dice.weighted<() => Submitted>(
    [
      6,
      () => ({
        ...answered,
        decision: { kind: 'accepted', monitor: monitor(number), ...wait(dice), status: dice.of(['Running', undefined]) },
      }),
    ],
    [2, () => ({ ...answered, decision: succeeded(dice) })],
    [1, () => ({ ...answered, decision: failed(dice, SUBMIT_FAILURES) })],
    [3, () => ({ ...answered, decision: { kind: 'notAccepted', ...wait(dice), trouble } })],
    [3, () => ({ ...answered, decision: { kind: 'uncertain', ...wait(dice), trouble }, maybeAccepted: sent })],
    // The worker died: its last heartbeat had claimed this submit.
    [2, () => ({ decision: { kind: 'uncertain', waitSeconds: 0, why: 'backoff', trouble }, waitSeconds: 0, maybeAccepted: sent })],
  )();
}

/** What comes of a submit that was provably not sent. @returns without `about`, where the activity did not come to prepare it */
export function unsentAnswer(dice: Dice, retried: MaybeAccepted | undefined): { isPrepared: boolean; submitted: Submitted } {
  const held: Submitted = { maybeAccepted: retried, waitSeconds: dice.of([2, 30]), trouble: { message: 'not sent: a pause' } };
  const refused: Submitted = {
    ...held,
    decision: { kind: 'notAccepted', heldBack: true, ...wait(dice), trouble: { message: 'not sent: a pause' } },
  };
  return dice.weighted<{ isPrepared: boolean; submitted: Submitted }>(
    [2, { isPrepared: true, submitted: { maybeAccepted: retried, waitSeconds: dice.of([0, 1]) } }],
    [2, { isPrepared: true, submitted: held }],
    [2, { isPrepared: true, submitted: refused }],
    [1, { isPrepared: false, submitted: { waitSeconds: dice.of([0, 1]) } }],
    [1, { isPrepared: false, submitted: { waitSeconds: 5, trouble: { message: 'the manifest is out of reach' } } }],
  );
}

/** What looking for an uncertain submit comes to; undefined: nobody looked. */
export function findAnswer(dice: Dice, number: number, looks: number): FindDecision | undefined {
  const trouble = { message: 'the list was answered with 503', httpStatus: 503 };
  return dice.weighted<() => FindDecision | undefined>(
    [3, () => ({ kind: 'accepted', monitor: monitor(number), ...wait(dice) })],
    [3, () => ({ kind: 'lookAgain', waitSeconds: dice.of(WAITS), why: 'look again', looks: looks + 1 })],
    [2, () => ({ kind: 'lookAgain', ...wait(dice), looks, trouble })],
    [2, () => ({ kind: 'notFound', isProof: dice.chance(0.5), message: 'it is not there' })],
    [1, () => undefined],
  )();
}

export function invalidInput(dice: Dice): Submitted {
  return { decision: { kind: 'invalid', failure: { type: 'InvalidInput', message: `field ${dice.below(10)}: is wrong` } } };
}

export function statusAnswer(dice: Dice, number: number): StatusDecision {
  return dice.weighted<() => StatusDecision>(
    [8, () => ({ kind: 'running', ...wait(dice), status: dice.of(['Running', 'NotStarted', undefined]) })],
    [1, () => ({ kind: 'running', ...wait(dice), monitor: monitor(number) })],
    [2, () => ({ kind: 'running', ...wait(dice), trouble: { message: `status ${number} not readable`, httpStatus: 503 } })],
    [2, () => ({ kind: 'running', ...wait(dice), notAsked: true, trouble: { message: 'not asked: a pause' } })],
    [1, () => failed(dice, STATUS_FAILURES)],
    [4, () => succeeded(dice)],
  )();
}

export function readAnswer(dice: Dice, fetch: Fetch): FetchDecision {
  return dice.weighted<() => FetchDecision>(
    [3, () => ({ kind: 'fetched', value: { read: dice.below(1000) }, cut: dice.chance(0.2) })],
    [1, () => ({ kind: 'fetched', cut: false })],
    [
      3,
      () => ({
        kind: 'again',
        fetch: { ...fetch, attempts: (fetch.attempts ?? 0) + 1 },
        reason: 'the service answered 503',
        ...wait(dice),
      }),
    ],
    [1, () => ({ kind: 'missing', reason: 'the service answered 403' })],
  )();
}

export function cancelAnswer(dice: Dice): CancelDecision {
  return dice.weighted<() => CancelDecision>(
    [2, () => ({ kind: 'accepted', httpStatus: 202 })],
    [2, () => ({ kind: 'ended', decision: failed(dice, STATUS_FAILURES) })],
    [2, () => ({ kind: 'ended', decision: succeeded(dice) })],
    [1, () => ({ kind: 'refused', reason: 'the service answered 409', httpStatus: 409 })],
    [1, () => ({ kind: 'unreachable', reason: 'connection refused' })],
  )();
}
