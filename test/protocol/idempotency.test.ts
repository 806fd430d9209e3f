/** The key that makes a second submit safe. [protocol: an uncertain submit; OASIS Repeatable Requests 1.0] */
import { idempotencyHeaders, idempotencyKey } from '../../src/lro/idempotency';

const key = idempotencyKey('tileset/campus-7', 'run-1', 'item', 0);

test('the same operation has the same key at every try, in every process', () => {
  expect(idempotencyKey('tileset/campus-7', 'run-1', 'item', 0)).toBe(key);
  expect(key).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test.each([
  ['workflow', ['tileset/campus-8', 'run-1', 'item', 0]],
  ['first run', ['tileset/campus-7', 'run-2', 'item', 0]],
  ['item', ['tileset/campus-7', 'run-1', 'other', 0]],
  ['generation', ['tileset/campus-7', 'run-1', 'item', 1]],
] as const)('another %s has another key', (_, [workflowId, firstRunId, itemId, generation]) => {
  expect(idempotencyKey(workflowId, firstRunId, itemId, generation)).not.toBe(key);
});

test('names that run together are told apart', () => {
  expect(idempotencyKey('a', 'bc', '', 0)).not.toBe(idempotencyKey('ab', 'c', '', 0));
});

test('Repeatability-First-Sent goes with Repeatability-Request-ID, as an HTTP date of the first try', () => {
  const firstSentAtMs = Date.UTC(1994, 10, 6, 8, 49, 37);
  expect(idempotencyHeaders(['Operation-Id', 'Repeatability-Request-ID'], key, firstSentAtMs)).toEqual({
    'Operation-Id': key,
    'Repeatability-Request-ID': key,
    'Repeatability-First-Sent': 'Sun, 06 Nov 1994 08:49:37 GMT',
  });
  expect(idempotencyHeaders(['Operation-Id'], key, firstSentAtMs)).toEqual({ 'Operation-Id': key });
  expect(idempotencyHeaders([], key, firstSentAtMs)).toEqual({});
});
