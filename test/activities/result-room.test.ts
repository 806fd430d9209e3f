/** Room in the result of a submit activity, for answers whose length nobody knows before they come. */
import fc from 'fast-check';
import { AnswerSizes, ResultRoom, type Fit } from '../../src/activities/result-room';

const MAX_BYTES = 1000;

interface Coming {
  reserved: number;
  whole: number;
  short: number;
  /** Turns of the event loop until it comes. */
  turns: number;
}

/** How answers fit that are sent at once, as far as they are sent. */
async function fitsOf(answers: readonly Coming[]): Promise<(Fit | undefined)[]> {
  const room = new ResultRoom(MAX_BYTES);
  return Promise.all(
    answers.map(async ({ reserved, whole, short, turns }) => {
      const given = await room.reserve(() => reserved);
      if (given === undefined) return undefined;
      for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
      return room.settle(given, whole, () => short);
    }),
  );
}

function bytesOf(answers: readonly Coming[], fits: readonly (Fit | undefined)[]): number {
  const bytes = fits.map((fit, index) => (fit === 'whole' ? answers[index]?.whole : fit === 'short' ? answers[index]?.short : 0) ?? 0);
  return bytes.reduce((sum, one) => sum + one, 0);
}

const coming = fc
  .record({
    reserved: fc.integer({ min: 1, max: 400 }),
    short: fc.integer({ min: 1, max: 600 }),
    more: fc.integer({ min: 0, max: 600 }),
    turns: fc.nat(4),
  })
  .map(({ reserved, short, more, turns }) => ({ reserved, short, whole: short + more, turns }));

test('whatever comes, it fits, and nobody waits for ever', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(coming, { maxLength: 30 }), async (answers) => {
      expect(bytesOf(answers, await fitsOf(answers))).toBeLessThanOrEqual(MAX_BYTES);
    }),
  );
});

test('answers that are no longer than what was reserved all have room', async () => {
  const modest = coming.map((answer) => ({ ...answer, whole: answer.reserved + 300, short: answer.reserved }));
  await fc.assert(
    fc.asyncProperty(fc.array(modest, { maxLength: 30 }), async (answers) => {
      expect(await fitsOf(answers)).not.toContain('none');
    }),
  );
});

test('one that is longer waits until the others leave it room', async () => {
  const short = { reserved: 100, whole: 10, short: 10, turns: 5 };
  const long = { reserved: 100, whole: 800, short: 800, turns: 0 };
  expect(await fitsOf([long, ...Array.from({ length: 9 }, () => short)])).toEqual(['whole', ...Array.from({ length: 9 }, () => 'whole')]);
});

test('only answers that nobody could foresee have none, and those before them do', async () => {
  const long = { reserved: 100, whole: 600, short: 400, turns: 1 };
  expect((await fitsOf([long, long, long, long])).sort()).toEqual(['none', 'none', 'short', 'whole']);
});

test('of a connection that has not answered yet the longest is expected, later four times what came, and nothing too little', () => {
  const sizes = new AnswerSizes(40_000);
  expect(sizes.expected('maps')).toBe(40_000);
  sizes.learn('maps', 100);
  expect(sizes.expected('maps')).toBe(2048);
  sizes.learn('maps', 5000);
  sizes.learn('maps', 300);
  expect(sizes.expected('maps')).toBe(20_000);
  sizes.learn('maps', 30_000);
  expect(sizes.expected('maps')).toBe(40_000);
  expect(sizes.expected('other')).toBe(40_000);
});
