/** The parts of all workers together, as each of them sees the others. */
import fc from 'fast-check';
import { LOOK_EVERY_MS, Neighbours } from '../../src/sharing/neighbours';
import { divided, newcomers } from '../../src/sharing/rates';

const WHOLE = { submitsPerSecond: 12, pollsPerSecond: 120, concurrentRequests: 24 };
/** What a worker takes of the whole. */
const part = (neighbours: Neighbours, nowMs: number): number => {
  const { workers, isFirm } = neighbours.at(nowMs);
  const rates = divided(WHOLE, workers);
  return (isFirm ? rates : newcomers(rates)).submitsPerSecond / WHOLE.submitsPerSecond;
};

it('a worker that finds itself alone takes the whole at once', () => {
  const one = new Neighbours('a');
  expect(part(one, 0)).toBeLessThan(0.1);
  one.looked([], 10);
  expect(part(one, 10)).toBeLessThan(0.2);
  one.looked(['a'], 110);
  expect(part(one, 110)).toBe(1);
});

it('one that finds others takes a twentieth of its part until they have had time to find it', () => {
  const one = new Neighbours('c');
  one.looked(['a', 'b', 'c'], 0);
  expect(part(one, 0)).toBeCloseTo(1 / 60);
  one.looked(['a', 'b', 'c'], 3000);
  expect(part(one, 3499)).toBeCloseTo(1 / 60);
  expect(part(one, 3501)).toBeCloseTo(1 / 3);
});

it('one whose list is old counts one more than it knows', () => {
  const one = new Neighbours('a');
  one.looked(['a'], 0);
  expect(part(one, 2000)).toBe(1);
  expect(part(one, 2001)).toBe(1 / 2);
});

it('one that is no longer listed, because all its places for work are taken, still counts itself', () => {
  const one = new Neighbours('a');
  one.looked(['a', 'b'], 0);
  one.looked(['b'], 4000);
  expect(part(one, 4000)).toBe(1 / 2);
});

it('one that Temporal never lists, or that gets no list, works after a quarter of a minute', () => {
  const unlisted = new Neighbours('a');
  const blind = new Neighbours('a');
  for (const one of [unlisted, blind]) one.used(5000);
  unlisted.looked(['b'], 19_000);
  expect(unlisted.at(19_000)).toEqual({ workers: 2, isFirm: false });
  unlisted.looked(['b'], 20_000);
  expect(unlisted.at(20_000)).toEqual({ workers: 2, isFirm: true });
  expect(blind.at(19_000).isFirm).toBe(false);
  expect(blind.isBlind(19_999)).toBe(false);
  expect(blind.at(20_000)).toEqual({ workers: 1, isFirm: true });
  expect(blind.isBlind(20_000)).toBe(true);
});

it('there is always room for one request at a time', () => {
  expect(divided(WHOLE, 5)).toEqual({ submitsPerSecond: 2.4, pollsPerSecond: 24, concurrentRequests: 4 });
  expect(divided(WHOLE, 25).concurrentRequests).toBe(1);
  expect(newcomers(divided(WHOLE, 5)).concurrentRequests).toBe(1);
});

/** A worker of the simulation: when it is listed, killed, and how long each of its looks takes. */
interface Life {
  fromMs: number;
  forMs: number;
  lookMs: number[];
}

/** Killed workers stay listed for so long. */
const LISTED_MS = 300_000;
const STEP_MS = 50;
const SIMULATED_MS = 30_000;

const life = fc.record({
  fromMs: fc.integer({ min: 0, max: 15_000 }),
  forMs: fc.integer({ min: 1000, max: 30_000 }),
  // Some fail, but not two in a row.
  lookMs: fc.array(fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 0, max: 900 }) }, { weight: 1, arbitrary: fc.constant(Infinity) }), {
    minLength: 1,
    maxLength: 10,
  }),
});

/** The most that all took together at any moment. */
function mostTogether(lives: readonly Life[]): number {
  const workers = lives.map(({ fromMs, forMs, lookMs }, index) => ({
    name: String(index),
    fromMs,
    untilMs: fromMs + forMs,
    lookMs,
    looks: 0,
    lookAtMs: fromMs,
    answer: undefined as { atMs: number; askedAtMs: number; listed: string[]; isFailed: boolean } | undefined,
    hasFailed: false,
    neighbours: new Neighbours(String(index)),
  }));
  let most = 0;
  for (let nowMs = 0; nowMs < SIMULATED_MS; nowMs += STEP_MS) {
    const living = workers.filter(({ fromMs, untilMs }) => fromMs <= nowMs && nowMs < untilMs);
    const listed = workers.filter(({ fromMs, untilMs }) => fromMs <= nowMs && nowMs < untilMs + LISTED_MS).map(({ name }) => name);
    for (const worker of living) {
      worker.neighbours.used(nowMs);
      if (worker.answer !== undefined && worker.answer.atMs <= nowMs) {
        if (!worker.answer.isFailed) worker.neighbours.looked(worker.answer.listed, worker.answer.askedAtMs);
        worker.hasFailed = worker.answer.isFailed;
        worker.lookAtMs = worker.answer.askedAtMs + LOOK_EVERY_MS;
        worker.answer = undefined;
      }
      if (worker.answer === undefined && nowMs >= worker.lookAtMs) {
        const takesMs = worker.lookMs[worker.looks++ % worker.lookMs.length] ?? 0;
        const isFailed = takesMs === Infinity && !worker.hasFailed;
        worker.answer = { atMs: nowMs + Math.min(takesMs, LOOK_EVERY_MS), askedAtMs: nowMs, listed, isFailed };
      }
    }
    most = Math.max(
      most,
      living.reduce((sum, { neighbours }) => sum + part(neighbours, nowMs), 0),
    );
  }
  return most;
}

it('all together never take more than the whole and a tenth, whoever comes and is killed, and however slowly lists come', () =>
  fc.assert(
    fc.property(fc.array(life, { minLength: 1, maxLength: 6 }), (lives) => {
      expect(mostTogether(lives)).toBeLessThanOrEqual(1.1);
    }),
    { numRuns: process.env['LRO_LONG'] === '1' ? 5000 : 200 },
  ));
