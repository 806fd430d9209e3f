/** What is shown of jobs: results, failures and report lines of those that have ended, progress of those that have not, and where a new run goes on. */
import { failureOf, jobResult, outcomeOf } from '../../src/jobs/ends';
import { itemReport } from '../../src/jobs/item-report';
import type { Job, JobEnd, MaybeAccepted } from '../../src/jobs/model';
import { phaseOf, progressOf } from '../../src/jobs/progress';
import { resumeFrom } from '../../src/jobs/resume';
import type { BuildTilesetInput, ChainInput, FailureDetails, StepMade } from '../../src/contract';
import {
  about,
  chainAbout,
  DATASET,
  ended,
  fetching,
  monitor,
  NEW_ITEM,
  NOW,
  NOW_MS,
  polled,
  polling,
  resultOfStep,
  STATUS_URL,
  submitting,
  TILESET,
} from './given';

const SUCCESS = polled({ kind: 'succeeded', outcome: { ...TILESET, created: NOW }, fetches: [] });
const KEY: MaybeAccepted = { idempotencyKey: 'key-1', firstSentAtMs: NOW_MS };
const FAILED: FailureDetails = {
  type: 'OperationFailed',
  message: 'operation op-1 failed: bad',
  operationId: 'op-1',
  statusUrl: STATUS_URL,
};
const UNCERTAIN: FailureDetails = { type: 'SubmissionUncertain', message: 'nobody knows' };
const LAST = chainAbout({ left: [], labels: { campus: '7' }, given: { upload: { resourceId: 'u1' } } });
const CLEANED = { step: 'dataset', resourceLocation: DATASET.result.resourceLocation, deleted: true };

function succeeded(job: Job, nowMs = NOW_MS): unknown {
  const { job: after, end } = ended(job, SUCCESS, nowMs);
  return end.kind === 'succeeded' ? jobResult(after, end.steps, nowMs) : end;
}

test('the result of an operation says what it made, when, and after how many polls', () => {
  expect(succeeded(polling({ submittedAtMs: NOW_MS - 60_000 }, { about: about({ labels: { campus: '7' } }) }))).toEqual({
    ...TILESET,
    status: 'Succeeded',
    operationId: 'op-1',
    statusUrl: STATUS_URL,
    created: NOW,
    createdText: undefined,
    submittedAt: '2026-11-23T19:59:00.000Z',
    completedAt: NOW,
    polls: 4,
    labels: { campus: '7' },
  });
});

test('the service may say "completed": the result says Succeeded', () => {
  const event = polled({ kind: 'succeeded', outcome: { status: 'completed' }, fetches: [] });
  expect(ended(polling(), event).end).toMatchObject({ steps: [{ result: { status: 'Succeeded' } }] });
});

test('the result of a chain is its last step, with all that there is and the polls of all steps', () => {
  expect(succeeded(polling({}, { about: LAST, done: [DATASET], startedAtMs: NOW_MS - 60_000 }))).toEqual({
    status: 'Succeeded',
    operationId: 'op-1',
    statusUrl: STATUS_URL,
    resourceId: 't1',
    resourceLocation: TILESET.resourceLocation,
    made: {
      upload: { resourceId: 'u1' },
      dataset: { resourceId: 'd1', resourceLocation: DATASET.result.resourceLocation },
      tileset: { resourceId: 't1', resourceLocation: TILESET.resourceLocation, operationId: 'op-1' },
    },
    steps: [{ ...resultOfStep('datasets/d1', 4), id: 'dataset' }, expect.objectContaining({ id: 'tileset', resourceId: 't1', polls: 4 })],
    startedAt: '2026-11-23T19:59:00.000Z',
    completedAt: NOW,
    polls: 8,
    labels: { campus: '7' },
  });
});

describe('the failure', () => {
  const made = { upload: { resourceId: 'u1' }, dataset: { resourceId: 'd1', resourceLocation: DATASET.result.resourceLocation } };
  const chain = polling({}, { about: LAST, done: [DATASET] });

  test('of an operation is its own', () => {
    expect(failureOf(polling(), { kind: 'failed', failure: FAILED })).toBe(FAILED);
  });

  test('of a chain names the step, with what there is', () => {
    expect(failureOf(chain, { kind: 'failed', failure: FAILED })).toEqual({
      type: 'StepFailed',
      message: 'step "tileset" (POST /tilesets · maps) failed: operation op-1 failed: bad',
      operationId: 'op-1',
      statusUrl: STATUS_URL,
      step: 'tileset',
      cause: FAILED,
      made,
    });
  });

  test('of a chain that has cleaned up says so, and that what was given is all there is', () => {
    const failure = failureOf(chain, { kind: 'failed', failure: FAILED, cleaned: [CLEANED] });
    expect(failure?.message).toMatch(/failed: bad; what it had made was deleted$/);
    expect(failure).toMatchObject({ made: { upload: { resourceId: 'u1' } }, cleanup: [CLEANED] });
    expect(failure?.made).not.toHaveProperty('dataset');
  });

  test('names what could not be deleted, and why', () => {
    const kept = [
      { ...CLEANED, deleted: false, reason: 'the service answered 409' },
      { step: 'x', resourceLocation: 'https://maps/x', deleted: false },
    ];
    expect(failureOf(chain, { kind: 'failed', failure: FAILED, cleaned: [...kept, CLEANED] })?.message).toMatch(
      /; of what it had made, these could not be deleted: https:\S+\/datasets\/d1 \(the service answered 409\), https:\/\/maps\/x \(no reason given\)$/,
    );
  });
});

test.each<[JobEnd, string]>([
  [{ kind: 'succeeded', steps: [] }, 'succeeded'],
  [{ kind: 'notStarted' }, 'notStarted'],
  [{ kind: 'invalid', failure: { type: 'InvalidInput', message: 'x' } }, 'invalid'],
  [{ kind: 'failed', failure: FAILED }, 'failed'],
  [{ kind: 'failed', failure: UNCERTAIN }, 'uncertain'],
  [{ kind: 'canceled', failure: UNCERTAIN }, 'uncertain'],
  [{ kind: 'canceled', failure: { type: 'OperationCanceled', message: 'x' } }, 'canceled'],
])('an end %j is the outcome %s', (end, outcome) => {
  expect(outcomeOf(end)).toBe(outcome);
});

describe('a line of the report', () => {
  test('of an item that succeeded has its result', () => {
    const item = ended(polling({}, { about: about({ id: 'a', labels: { campus: '7' }, generation: 2 }) }), SUCCESS);
    expect(itemReport(item, NOW_MS)).toMatchObject({
      id: 'a',
      kind: 'operation',
      outcome: 'succeeded',
      generation: 2,
      labels: { campus: '7' },
      result: { resourceId: 't1', labels: { campus: '7' } },
    });
  });

  test('of an uncertain item has the key and the time that a retry sends again', () => {
    const job = submitting({}, { about: about({ id: 'a' }) });
    expect(itemReport({ job, end: { kind: 'failed', failure: UNCERTAIN, maybeAccepted: KEY } }, NOW_MS)).toMatchObject({
      outcome: 'uncertain',
      generation: 0,
      failure: UNCERTAIN,
      idempotencyKey: 'key-1',
      firstSentAt: NOW,
    });
  });

  test('of a chain tells the failed step', () => {
    const job = polling({}, { about: { ...LAST, id: 'a', kind: 'tileset' }, done: [DATASET] });
    expect(itemReport({ job, end: { kind: 'failed', failure: FAILED } }, NOW_MS)).toMatchObject({
      kind: 'tileset',
      outcome: 'failed',
      failure: { type: 'StepFailed', step: 'tileset', cause: FAILED },
    });
  });

  test('there is none of an item that was never prepared: it has no name yet', () => {
    expect(itemReport({ job: NEW_ITEM, end: { kind: 'notStarted' } }, NOW_MS)).toBeUndefined();
  });
});

describe('progress', () => {
  const cleaning = (kind: 'failed' | 'canceled'): Job => {
    const before = polling({ status: 'Running' });
    return { ...before, step: { at: 'cleanup', dueAtMs: NOW_MS, why: '', end: { kind }, requests: [], before: before.step as never } };
  };

  test.each<[string, Job, boolean, string]>([
    ['submitting', submitting(), false, 'submitting'],
    ['waiting for its next poll', polling(), false, 'waiting'],
    ['being asked', polling(), true, 'asking'],
    ['read', fetching(), false, 'fetching'],
    ['cleaned up after a failure', cleaning('failed'), false, 'failed'],
    ['cleaned up after a cancellation', cleaning('canceled'), true, 'canceled'],
  ])('%s', (_, job, isBusy, phase) => {
    expect(phaseOf(job, isBusy)).toBe(phase);
  });

  test('while it is submitted is its last problem', () => {
    const problem = { message: 'busy', at: NOW };
    expect(progressOf(submitting({ problem }), 'submitting')).toEqual({
      phase: 'submitting',
      polls: 0,
      attempt: 1,
      nextTryAt: NOW,
      lastProblem: problem,
    });
  });

  test('while it waits says when it was asked and when it will be, and shows the status URL with signatures masked', () => {
    const shown = { ...monitor, shownUrl: 'https://masked' };
    expect(progressOf(polling({ monitor: shown, status: 'Running', lastPollAtMs: NOW_MS, dueAtMs: NOW_MS + 30_000 }), 'waiting')).toEqual({
      phase: 'waiting',
      status: 'Running',
      operationId: 'op-1',
      statusUrl: 'https://masked',
      polls: 3,
      lastPollAt: NOW,
      nextPollAt: '2026-11-23T20:00:30.000Z',
    });
  });

  test('while it is asked names no next poll', () => {
    expect(progressOf(polling(), 'asking').nextPollAt).toBeUndefined();
  });

  test('once it has succeeded names the resource, with signatures masked', () => {
    expect(progressOf(fetching(), 'fetching')).toMatchObject({ status: 'Succeeded', resourceLocation: TILESET.resourceLocation });
    expect(progressOf(fetching({ shownLocation: 'https://masked' }), 'fetching').resourceLocation).toBe('https://masked');
  });

  test('while a chain cleans up is that of the step that ended it', () => {
    expect(progressOf(cleaning('failed'), 'failed')).toMatchObject({ phase: 'failed', status: 'Running', polls: 3 });
  });
});

describe('a new run goes on', () => {
  const PACKAGE: BuildTilesetInput = { package: { path: 'campus.zip' }, labels: { campus: '7' }, cleanup: 'onFailure' };
  const REST = { labels: { campus: '7' }, cleanup: 'onFailure' };
  const made = (...steps: string[]): Record<string, StepMade> =>
    Object.fromEntries(steps.map((step) => [step, { resourceId: `${step}-1` }]));

  test.each<[string, Record<string, StepMade>, object]>([
    ['with the package, where nothing was made', {}, PACKAGE],
    ['with the upload', made('upload'), { ...REST, udid: 'upload-1' }],
    ['with the conversion', made('upload', 'conversion'), { ...REST, conversionId: 'conversion-1' }],
    ['with the dataset', made('upload', 'conversion', 'dataset'), { ...REST, datasetId: 'dataset-1' }],
    [
      'with the dataset and the tileset, where only the routeset is left',
      made('upload', 'conversion', 'dataset', 'tileset'),
      { ...REST, datasetId: 'dataset-1', tilesetId: 'tileset-1' },
    ],
    ['with the package, where the service named no resource', { upload: {} }, PACKAGE],
  ])('%s', (_, there, input) => {
    expect(resumeFrom('tileset', PACKAGE, { made: there })).toEqual(input);
  });

  test('with the package, where it was wrong itself: it is uploaded anew once it is mended', () => {
    const failure = { step: 'conversion', cause: FAILED, made: made('upload') };
    expect(resumeFrom('tileset', PACKAGE, failure)).toBe(PACKAGE);
    const gone: FailureDetails = { ...FAILED, type: 'OperationGone' };
    expect(resumeFrom('tileset', PACKAGE, { ...failure, cause: gone })).toEqual({ ...REST, udid: 'upload-1' });
  });

  test('in a chain with what there is', () => {
    const chain: ChainInput = { steps: [{ id: 'a', submit: { path: '/a' } }], made: { old: {} } };
    expect(resumeFrom('chain', chain, { made: made('old', 'a') })).toEqual({ ...chain, made: made('old', 'a') });
    expect(resumeFrom('chain', chain, {})).toBe(chain);
  });
});
