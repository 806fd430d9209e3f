/** What a status word means [protocol.md section 2]. */
import { isKnownRunning, statusKind } from '../../src/lro/status-words';

const none = { succeeded: [], failed: [], canceled: [] };

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
  const more = { succeeded: ['partiallySucceeded'], failed: ['Rejected'], canceled: [' Skipped '] };
  expect(statusKind('PartiallySucceeded', more)).toBe('succeeded');
  expect(statusKind('REJECTED', more)).toBe('failed');
  expect(statusKind('skipped', more)).toBe('canceled');
  expect(statusKind('Succeeded', more)).toBe('succeeded');
});

test('words that are known to mean "not at the end" are told from words of a result', () => {
  for (const word of ['NotStarted', 'running', 'InProgress', 'Accepted', 'Queued']) expect(isKnownRunning(word)).toBe(true);
  for (const word of ['Active', 'Succeeded', 'on', '']) expect(isKnownRunning(word)).toBe(false);
});
