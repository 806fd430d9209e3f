/** Which tracker has which operation, and what a tracker takes of what it is told. */
import * as fc from 'fast-check';
import { newJob } from '../../src/jobs/begin';
import { apply, isEnded } from '../../src/jobs/job';
import type { Job } from '../../src/jobs/model';
import {
  belongsTo,
  dueBy,
  handedBack,
  knownRegistration,
  MAX_DEPTH,
  nextPath,
  registrationOf,
  trackedJob,
  trackerId,
  trackerOf,
  type Registration,
} from '../../src/jobs/tracked';

const OWNER = { workflowId: 'tileset/campus-7', firstRunId: 'run', token: 'token' };
const ABOUT = {
  id: '',
  title: 'POST /tilesets · maps',
  connection: 'maps',
  deadlineSeconds: 60,
  onUncertainSubmit: 'retry',
  minSeconds: 1,
  timeoutSeconds: 30,
  labels: { campus: '7' },
} as const;
const MONITOR = { connection: 'maps', statusUrl: 'https://maps.example.com/operations/1', style: 'monitor', acceptedAtMs: 0 } as const;

function accepted(waitSeconds = 5): Job {
  const place = { page: 0, index: 0 };
  const decision = { kind: 'accepted', monitor: MONITOR, waitSeconds, why: 'Retry-After' } as const;
  const result = apply(newJob(place, { about: ABOUT }), { kind: 'submitted', about: ABOUT, decision }, 1000);
  if (isEnded(result)) throw new Error('it has ended');
  return result;
}

const registration = (): Registration => registrationOf(OWNER, accepted())!;
const asJson = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

test('a registration that is sent is known again, and its job is polled as it would have been', () => {
  const known = knownRegistration(asJson(registration()), 'maps');
  expect(asJson(known)).toEqual(asJson(registration()));
  expect(trackedJob({ page: 0, index: 3 }, known!).step).toMatchObject({ at: 'poll', dueAtMs: 6000, monitor: MONITOR });
  expect(handedBack(accepted(), trackedJob({ page: 0, index: 3 }, known!))).toMatchObject({ index: 0, about: ABOUT, step: { at: 'poll' } });
});

test('an answer that has an age asks for its wait from when it came', () => {
  expect(dueBy({ ...registration(), agoMs: 300 }, 10_000).step.dueAtMs).toBe(10_000 - 300 + 5000);
  expect(dueBy(registration(), 10_000).step.dueAtMs).toBe(6000);
});

test('what is no registration is none, whatever it is', () => {
  fc.assert(fc.property(fc.anything(), (value) => knownRegistration(value, 'maps') === undefined));
});

test('what is nested too deeply to be passed on is not taken', () => {
  const deep = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`) as unknown;
  const { step } = registration();
  expect(knownRegistration({ ...registration(), step: { ...step, monitor: { ...MONITOR, deep } } }, 'maps')).toBeUndefined();
});

test('of another connection nothing is taken', () => {
  expect(knownRegistration(registration(), 'other')).toBeUndefined();
  const { step } = registration();
  const forged = { ...registration(), step: { ...step, monitor: { ...MONITOR, connection: 'other' } } };
  expect(knownRegistration(forged, 'maps')).toBeUndefined();
});

const field = fc.constantFrom('workflowId', 'firstRunId', 'token', 'about', 'step', 'deadlineAtMs', 'agoMs');
const stepField = fc.constantFrom('dueAtMs', 'polls', 'why', 'monitor', 'waitMs', 'status', 'problem', 'created', 'lastPollAtMs', 'lookup');

test('whatever single field is replaced, what is taken can be polled, and has the right types', () => {
  fc.assert(
    fc.property(fc.oneof(field, stepField), fc.anything(), (name, value) => {
      const whole = registration();
      const forged =
        name in whole.step || name === 'lookup' ? { ...whole, step: { ...whole.step, [name]: value } } : { ...whole, [name]: value };
      const known = knownRegistration(forged, 'maps');
      if (known === undefined) return;
      const job = trackedJob({ page: 0, index: 0 }, dueBy(known, 1000));
      expect(Number.isFinite(job.step.dueAtMs)).toBe(true);
      expect(typeof (known.step.status ?? '')).toBe('string');
      expect(typeof (known.step.problem?.message ?? '')).toBe('string');
      apply(job, { kind: 'polled', decision: { kind: 'running', waitSeconds: 1, why: 'Retry-After' } }, 2000);
    }),
  );
});

test('every operation belongs to one tracker of each depth, and a registration that is repeated goes the same way', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 0, max: MAX_DEPTH }), (workflowId, depth) => {
      let path = '';
      for (let step = 0; step < depth; step++) path = nextPath(workflowId, path);
      expect(belongsTo(workflowId, path)).toBe(true);
      if (depth > 0) expect(belongsTo(workflowId, `${path.slice(0, -1)}${path.endsWith('1') ? '0' : '1'}`)).toBe(false);
    }),
  );
});

test('ids that are alike are spread evenly', () => {
  for (const depth of [1, 2, 3, 4]) {
    const counts = new Map<string, number>();
    for (let index = 0; index < 4096; index++) {
      let path = '';
      for (let step = 0; step < depth; step++) path = nextPath(`tileset/campus-7/2026-11-${index}`, path);
      counts.set(path, (counts.get(path) ?? 0) + 1);
    }
    const even = 4096 / 2 ** depth;
    expect(counts.size).toBe(2 ** depth);
    for (const count of counts.values()) expect(Math.abs(count - even)).toBeLessThan(even * 0.25);
  }
});

test('the id of a tracker says what it is', () => {
  expect(trackerOf(trackerId('lro', 'maps'), 'lro')).toEqual({ connection: 'maps', path: '' });
  expect(trackerOf(trackerId('lro', 'maps', '01'), 'lro')).toEqual({ connection: 'maps', path: '01' });
  expect(trackerOf(trackerId('other', 'maps'), 'lro')).toBeUndefined();
  expect(trackerOf('lro-tracker/lro/maps/2', 'lro')).toBeUndefined();
});
