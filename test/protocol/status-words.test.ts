/** What a status word means [protocol.md section 2]. */
import { isKnownRunning, statusKind } from '../../src/lro/status-words';

const none = { succeeded: [], failed: [], canceled: [], running: [] };

test.each([
  ['Succeeded', 'succeeded'],
  ['Completed', 'succeeded'],
  ['Failed', 'failed'],
  ['ValidationFailed', 'failed'],
  ['Canceled', 'canceled'],
  ['Cancelled', 'canceled'],
])('%s means %s, in any case and with blanks around it', (word, kind) => {
  for (const written of [word, word.toLowerCase(), word.toUpperCase(), ` ${word}\t`]) expect(statusKind(written, none)).toBe(kind);
});

test.each([
  'NotStarted',
  'Running',
  'InProgress',
  'Accepted',
  '',
  'PartiallySucceeded',
  'Succeeded!',
  'toString',
  '__proto__',
  'constructor',
])('everything else counts as running (%j)', (word) => {
  expect(statusKind(word, none)).toBe('running');
});

test('a connection can add words of its own, compared the same way', () => {
  const more = { succeeded: ['partiallySucceeded'], failed: ['Rejected'], canceled: [' Skipped '], running: ['Simmering', 'Completed'] };
  expect(statusKind('PartiallySucceeded', more)).toBe('succeeded');
  expect(statusKind('REJECTED', more)).toBe('failed');
  expect(statusKind('skipped', more)).toBe('canceled');
  expect(statusKind('Succeeded', more)).toBe('succeeded');
  expect(isKnownRunning('simmering', more)).toBe(true);
  expect(isKnownRunning('simmering', none)).toBe(false);
  expect(statusKind('completed', more)).toBe('running');
  expect(isKnownRunning('completed', more)).toBe(true);
});

test('words that are known to mean "not at the end" are told from words of a result', () => {
  for (const word of ['NotStarted', 'running', 'InProgress', 'Accepted', 'Queued']) expect(isKnownRunning(word, none)).toBe(true);
  for (const word of ['Active', 'Succeeded', 'on', '', 'toString', 'Run', 'Rerunning']) expect(isKnownRunning(word, none)).toBe(false);
});

test.each([
  'In Progress',
  'in_progress',
  'not-started',
  'Running, Progress = 5.00 %',
  "InProgress:{ 'UpgradeDescription': 'x' }",
  'Running (3 of 7)',
])('a word is known with whatever the service adds to it: %j', (word) => expect(isKnownRunning(word, none)).toBe(true));

test('a known word that the connection calls an end is none that goes on', () => {
  expect(isKnownRunning('Accepted', { ...none, succeeded: ['accepted'] })).toBe(false);
});
