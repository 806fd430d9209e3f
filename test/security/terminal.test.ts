/** What callers and services write reaches the terminal of `lro` as text only. */
import fc from 'fast-check';
import { itemTable, progressTable, resultTable } from '../../src/cli/lro/batch-tables';
import { print } from '../../src/cli/lro/command';
import { report, UsageError } from '../../src/cli/lro/failures';
import { forTerminal } from '../../src/cli/lro/terminal';
import type { BatchProgress, BatchResult, ItemStanding } from '../../src/contract';
import { runLro } from '../support/lro-command';

/** Sets the title, clears the screen, goes to the line's begin, and C1's and Unicode's ways to do the like. */
const EVIL = '\u001b]0;owned\u0007\u001b[2J\rX\b\u009b31m\u007f\u202ex\u2066';
const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

const counts = { total: 1, succeeded: 0, failed: 1, uncertain: 0, canceled: 0, notStarted: 0, invalid: 0 };
const failure = { type: 'OperationFailed' as const, message: EVIL, operationId: EVIL, statusUrl: EVIL };
const item: ItemStanding = { id: EVIL, state: 'ended', report: { id: EVIL, kind: 'operation', outcome: 'failed', generation: 0, failure } };
const result: BatchResult = {
  counts,
  startedAt: EVIL,
  completedAt: '',
  durationSeconds: 1,
  itemsPerSecond: 1,
  firstFailures: [{ id: EVIL, kind: 'operation', outcome: 'failed', generation: 0, failure, labels: { [EVIL]: EVIL } }],
  report: { path: EVIL },
};
const progress: BatchProgress = {
  phase: 'running',
  counts,
  submitted: 1,
  running: 0,
  itemsPerSecond: 0,
  shards: 1,
  lastProblems: [{ at: '', message: EVIL }],
};

let written: string;
beforeEach(() => {
  written = '';
  const keep = (text: string): void => void (written += `${text}\n`);
  jest.spyOn(console, 'log').mockImplementation(keep);
  jest.spyOn(console, 'error').mockImplementation(keep);
});
afterEach(() => jest.restoreAllMocks());

test.each<[string, () => void]>([
  ['an item', () => print({}, item, itemTable)],
  ['a result', () => print({}, result, resultTable)],
  ['progress', () => print({}, progress, progressTable)],
  ['a result as JSON', () => print({ json: true }, result, resultTable)],
  ['a mistake', () => report(new UsageError(EVIL))],
  ['an error with a cause', () => report(new Error(EVIL, { cause: new Error(EVIL) }))],
])('%s is shown without anything that a terminal obeys', (_, show) => {
  show();
  expect(written).toContain('\\u001b]0;owned\\u0007');
  expect(written).not.toMatch(OBEYED);
});

test('JSON stays what it was', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const json = JSON.stringify({ value, evil: EVIL });
      expect(JSON.parse(forTerminal(json))).toEqual(JSON.parse(json));
    }),
  );
});

test('lines, tabs and letters of all languages stay as they are', () => {
  const text = 'a\tb\nBüro · 建物 · \u{1f468}\u200d\u{1f469}';
  expect(forTerminal(text)).toBe(text);
});

test('the program itself escapes what it repeats of its input and of its arguments', async () => {
  const unknown = await runLro(['batch', 'start', '--input', '-'], {}, '{ "manifest": { "path": "m" }, "\\u001b]0;owned\\u0007": 1 }');
  const argument = await runLro(['batch', `\u001b]0;owned\u0007`], {});
  for (const { stderr, code } of [unknown, argument]) {
    expect(code).toBe(2);
    expect(stderr).toContain('\\u001b]0;owned\\u0007');
    expect(stderr).not.toMatch(OBEYED);
  }
});
