/** JSON Schemas for other languages: they are what the program says today, and take and refuse what it takes and refuses. */
import { checkBatch } from '../../src/schema/batch';
import { checkChain } from '../../src/schema/chain';
import { jsonSchemas } from '../../src/schema/json-schemas';
import { checkInput } from '../../src/schema/operation';
import type { BatchInput, BuildTilesetInput, ChainInput, OperationInput } from '../../src/contract';
import { mistakes, PUBLISHED } from './compiled';

test('the published schemas are those of this version: `npm run schemas` writes them', () => {
  expect(PUBLISHED).toEqual(jsonSchemas());
});

const submit = { path: '/things' };
const whole: OperationInput = {
  connection: 'maps',
  submit: {
    method: 'PUT',
    path: '/things?a=b',
    query: { one: 1, yes: true, word: 'w' },
    headers: { 'x-ms-why': 'because' },
    body: { deep: [1, null, { a: 'b' }] },
    idempotencyKey: 'key',
  },
  deadlineSeconds: 0.5,
  onUncertainSubmit: 'fail',
  cancel: { method: 'DELETE', path: '{statusPath}' },
  finalStateVia: 'original-uri',
  fetchResource: true,
  resultFile: { path: 'results/{workflowId}.json' },
  labels: { campus: '7' },
};

const OPERATIONS: [string, OperationInput | Record<string, unknown>, boolean][] = [
  ['the shortest', { submit }, true],
  ['one with all fields', whole, true],
  ['one that attaches', { attach: { statusUrl: 'https://example.com/operations/1', method: 'PUT' } }, true],
  ['one that does both', { submit, attach: { statusUrl: '/operations/1' } }, false],
  ['one that does nothing', { connection: 'maps' }, false],
  ['one without a path', { submit: { method: 'POST' } }, false],
  ['one with an unknown field', { submit, deadlineSecond: 1 }, false],
  ['one with a word for a number', { submit, deadlineSeconds: '1' }, false],
  ['one with an unknown method', { submit: { ...submit, method: 'TRACE' } }, false],
  ['one with a list as a query parameter', { submit: { ...submit, query: { a: [1] } } }, false],
];

test.each(OPERATIONS)('of operations, %s', (_, input, isRight) => {
  expect(checkInput(input as OperationInput).ok).toBe(isRight);
  expect(mistakes('run-operation.input', input).length === 0).toBe(isRight);
});

const steps = [
  { id: 'one', submit },
  { id: 'two', submit: { path: '/things/{{steps.one.resourceId}}' } },
];

const CHAINS: ['chain' | 'tileset', string, ChainInput | BuildTilesetInput | Record<string, unknown>, boolean][] = [
  ['chain', 'one of two steps', { steps, cleanup: 'onFailure', labels: { a: 'b' } }, true],
  ['chain', 'one that goes on', { steps, made: { one: { resourceId: 'r' } } }, true],
  ['chain', 'one without steps', { steps: [] }, false],
  ['chain', 'one with an unknown field in a step', { steps: [{ id: 'one', submit, deadlineSeconds: 1 }] }, false],
  ['tileset', 'one from a package', { package: { path: 'a.zip' }, routeset: true }, true],
  ['tileset', 'one from two places', { udid: 'u', datasetId: 'd' }, false],
  ['tileset', 'one from nowhere', { connection: 'maps' }, false],
];

test.each(CHAINS)('of kind %s, %s', (kind, _, input, isRight) => {
  expect(checkChain(kind, input as ChainInput).ok).toBe(isRight);
  expect(mistakes(kind === 'chain' ? 'run-chain.input' : 'build-tileset.input', input).length === 0).toBe(isRight);
  if (isRight) expect(mistakes('batch-item', { id: 'x', kind, ...input })).toEqual([]);
});

const BATCHES: [string, BatchInput | Record<string, unknown>, boolean][] = [
  ['one with items', { items: [{ id: 'a', submit }], defaults: { connection: 'maps' }, maxInFlight: 10, submitsPerSecond: 0.5 }, true],
  ['one with a manifest', { manifest: { path: 'm.jsonl' }, report: { url: 'https://example.com/{workflowId}' }, skipInvalid: true }, true],
  ['one that retries', { retryOf: { workflowId: 'w', outcomes: ['failed'] }, failWhen: { failedPercent: 5 } }, true],
  ['one with two sources', { items: [{ id: 'a', submit }], manifest: { path: 'm' } }, false],
  ['one that retries what succeeded', { retryOf: { workflowId: 'w', outcomes: ['succeeded'] } }, false],
];

test.each(BATCHES)('of batches, %s', (_, input, isRight) => {
  expect(checkBatch(input as BatchInput).ok).toBe(isRight);
  expect(mistakes('run-batch.input', input).length === 0).toBe(isRight);
});

test('an item has an id, and only the fields of its kind', () => {
  expect(mistakes('batch-item', { id: 'a', submit })).toEqual([]);
  expect(mistakes('batch-item', { submit })).not.toEqual([]);
  expect(mistakes('batch-item', { id: 'a', kind: 'tileset', submit })).not.toEqual([]);
});
