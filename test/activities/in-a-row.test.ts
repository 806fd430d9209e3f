/** Which operations are asked again at once, by the same activity, and that none of their answers is lost. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { withinAnswerBudget } from '../../src/activities/answer-budget';
import { InARow } from '../../src/activities/in-a-row';
import type { Running, StatusDecision } from '../../src/lro/monitor';

const AT_ONCE: Running = { kind: 'running', waitSeconds: 0, why: 'Retry-After', status: 'Running' };
const SUCCEEDED: StatusDecision = { kind: 'succeeded', outcome: { status: 'Succeeded' } };

interface Moments {
  /** The workflow takes one answer only. */
  isAlone?: boolean;
  /** How long the service took for the answer. */
  tookMs?: number;
  /** How long its turn at the connection was waited for. */
  turnMs?: number;
  /** How long the activity has lasted then. */
  lastedMs?: number;
  made?: number;
  isCanceled?: boolean;
}

/** Whether it is asked again after the answer. */
function goesOn(
  decision: StatusDecision,
  { isAlone = false, tookMs = 5, turnMs = 0, lastedMs = 100, made = 1, isCanceled = false }: Moments = {},
): Promise<boolean> {
  const env = new MockActivityEnvironment();
  return env.run(async () => {
    let nowMs = 1_000_000;
    const row = new InARow(isAlone ? {} : { inARow: true }, () => nowMs);
    nowMs += lastedMs - turnMs - tookMs;
    await row.timed('a', (onTurn) => {
      nowMs += turnMs;
      onTurn();
      nowMs += tookMs;
      return Promise.resolve();
    });
    if (isCanceled) env.cancel();
    return row.goesOn('a', decision, made);
  });
}

test('what asks for no wait is asked again at once', async () => {
  expect(await goesOn(AT_ONCE)).toBe(true);
});

test.each<[string, StatusDecision]>([
  ['an end', SUCCEEDED],
  ['a wait', { ...AT_ONCE, waitSeconds: 0.001 }],
  ['something that is wrong', { ...AT_ONCE, trouble: { message: 'unknown status' } }],
  ['something new of where to ask', { ...AT_ONCE, monitor: { connection: 'maps', statusUrl: 'u', style: 'monitor', acceptedAtMs: 1 } }],
  ['that nothing was sent', { ...AT_ONCE, notAsked: true }],
])('not after an answer that tells %s', async (_, decision) => {
  expect(await goesOn(decision)).toBe(false);
});

test.each<[string, Moments, boolean]>([
  ['a workflow that takes one answer only', { isAlone: true }, false],
  ['an answer that was soon there', { tookMs: 199 }, true],
  ['one that took the service long', { tookMs: 201 }, false],
  ['one whose turn was waited for', { turnMs: 900, lastedMs: 1000 }, true],
  ['an activity that has lasted long', { lastedMs: 2001 }, false],
  ['the ninth in a row', { made: 9 }, true],
  ['the tenth', { made: 10 }, false],
  ['a cancellation', { isCanceled: true }, false],
])('after %s', async (_, moments, expected) => {
  expect(await goesOn(AT_ONCE, moments)).toBe(expected);
});

test('all answers of a row are kept, in their order, and each counts towards the budget', async () => {
  const answers = [AT_ONCE, { ...AT_ONCE, status: 'Validating' }, SUCCEEDED];
  const [row] = await withinAnswerBudget(
    [{ id: 'a' }],
    1,
    (_, made) => Promise.resolve(answers[made]!),
    () => undefined,
    undefined,
    (_, { kind }) => kind === 'running',
  );
  expect(row).toEqual({ id: 'a', before: answers.slice(0, 2), decision: SUCCEEDED });
});

test('an answer that does not fit takes none of those before it with it', async () => {
  const long = { ...AT_ONCE, status: 'x'.repeat(983_040) };
  const [row] = await withinAnswerBudget(
    [{ id: 'a' }],
    1,
    (_, made) => Promise.resolve(made === 0 ? AT_ONCE : long),
    () => undefined,
    undefined,
    () => true,
  );
  expect(row).toEqual({ id: 'a', before: [AT_ONCE], decision: undefined });
});

test('where the next request is another worker’s, the answers so far stand', async () => {
  const [row] = await withinAnswerBudget<{ id: string }, StatusDecision>(
    [{ id: 'a' }],
    1,
    (_, made) => Promise.resolve(made === 0 ? AT_ONCE : { elsewhere: ['w'] }),
    () => undefined,
    undefined,
    () => true,
  );
  expect(row).toEqual({ id: 'a', decision: AT_ONCE });
});
