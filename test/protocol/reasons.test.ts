/** The reason of a failure, wherever a service puts it [protocol.md section 1]. */
import type { Json } from '../../src/contract';
import { codeOf, errorMessage, errorOf } from '../../src/lro/odata-error';

const told = (body: Json): string | undefined => errorMessage(errorOf(body));

describe('the reason is found', () => {
  test.each<[string, Json, string]>([
    ['in error', { status: 'Failed', error: { code: 'A', message: 'x' } }, 'A: x'],
    ['in an error that is a text', { status: 'Failed', error: 'Cluster start timed out' }, 'Cluster start timed out'],
    [
      'in errors',
      {
        status: 'failed',
        errors: [
          { code: 'A', message: 'x' },
          { code: 'B', message: 'y' },
        ],
      },
      'A: x; B: y',
    ],
    ['in errors that are texts', { errors: ['x', 'y'] }, 'x; y'],
    [
      'in the errors of fields',
      { title: 'Invalid', errors: { Name: ['is required'], Size: ['is too large'] } },
      'Invalid → is required; is too large',
    ],
    ['in properties.error', { properties: { error: { code: 'A', message: 'x' } } }, 'A: x'],
    ['in properties.statusMessage', { properties: { statusMessage: 'no capacity left' } }, 'no capacity left'],
    ['in a properties.statusMessage that is JSON', { properties: { statusMessage: '{"error":{"code":"A","message":"x"}}' } }, 'A: x'],
    ['in failureReason', { failureReason: { errorCode: 'A', message: 'x', isRetriable: false } }, 'A: x'],
    ['in errorDetails', { status: 'Failed', errorDetails: [{ code: 'A', message: 'x' }] }, 'A: x'],
    ['in statusDetails', { status: 'Failed', statusDetails: 'no capacity left' }, 'no capacity left'],
    ['in reason', { status: 'Failed', reason: 'no capacity left' }, 'no capacity left'],
    ['in a failureReason that is a text', { failureReason: 'out of memory' }, 'out of memory'],
    ['in errorCode and moreDetails', { errorCode: 'A', moreDetails: [{ errorCode: 'B', message: 'y' }], message: 'x' }, 'A: x → B: y'],
    ['in errorMessage', { status: 'Failed', errorMessage: 'import of a broken file' }, 'import of a broken file'],
    ['in analyzeResult.errors', { status: 'failed', analyzeResult: { errors: [{ code: 'A', message: 'x' }] } }, 'A: x'],
    ['in names in capitals', { Error: { Code: 'A', Message: 'x', Details: [{ Code: 'B', Message: 'y' }] } }, 'A: x → B: y'],
    ['in odata.error', { 'odata.error': { code: 'A', message: { lang: 'en', value: 'x' } } }, 'A: x'],
    ['in a message with a language', { error: { code: 'A', message: { lang: 'en-US', value: 'x' } } }, 'A: x'],
    ['in an innererror', { error: { code: 'A', message: 'x', innererror: { code: 'B', message: 'y' } } }, 'A: x → B: y'],
    ['in JSON inside a message', { error: { message: '{"error":{"code":"B","message":"Subnet S is in use"}}' } }, 'B: Subnet S is in use'],
    [
      'in JSON behind the words of a message',
      { error: { code: 'A', message: 'Failed with: {"code":"B","message":"y"}' } },
      'A: Failed with: → B: y',
    ],
    ['beside an error that is null', { error: null, errors: [{ message: 'x' }] }, 'x'],
    ['beside an error that is empty', { error: {}, properties: { error: { message: 'x' } } }, 'x'],
    ['beside an error that has only a code', { error: { code: 'Failed' }, properties: { error: { message: 'x' } } }, 'x'],
    ['beside an error None', { error: { code: 'None', message: null }, failureReason: { message: 'x' } }, 'x'],
  ])('%s', (_where, body, message) => {
    expect(told(body)).toBe(message);
  });

  test('in text that only looks like JSON, as it stands', () => {
    expect(told({ error: { message: 'expected {a} or [b]' } })).toBe('expected {a} or [b]');
    expect(told({ error: { message: 'set {x} = {y}' } })).toBe('set {x} = {y}');
  });
});

describe('the message', () => {
  test('has the headline first, then the deepest texts', () => {
    const error = { code: 'QuotaExceeded', message: 'the quota has been reached', details: [{ message: 'Delete some tilesets first' }] };
    expect(errorMessage(error)).toBe('QuotaExceeded: the quota has been reached → Delete some tilesets first');
  });

  test('leaves out what stands between them', () => {
    const error: Json = { message: 'top', details: [{ message: 'middle', innererror: { message: 'one' } }, { message: 'two' }] };
    expect(errorMessage(error)).toBe('top → two; one');
  });

  test('says each text once', () => {
    const same = { code: 'A', message: 'x' };
    expect(errorMessage({ ...same, details: [same, { ...same, innererror: same }] })).toBe('A: x');
    expect(errorMessage({ message: 'top', details: [{ message: 'y' }, { code: 'B', message: 'y' }] })).toBe('top → y');
    const quoted = { message: 'Deployment failed: the name is taken', details: [{ message: 'the name is taken' }] };
    expect(errorMessage(quoted)).toBe('Deployment failed: the name is taken');
  });

  test('is found with bounded work in JSON in JSON in JSON', () => {
    let error: Json = { message: 'bottom' };
    for (let level = 0; level < 12; level++) error = { message: JSON.stringify(error) };
    expect(errorMessage(error)).toBe('bottom');
    const many = Array.from({ length: 1000 }, (_, index) => ({ message: JSON.stringify({ message: `text ${index}` }) }));
    expect(errorMessage(many)?.length).toBeLessThanOrEqual(1000);
  });
});

test('the error that is kept is the one whose text is told', () => {
  const error = { code: 'A', message: 'x' };
  expect(errorOf({ error: { code: 'Failed' }, properties: { error } })).toEqual(error);
  expect(errorOf({ errorCode: 'A', message: 'x' })).toEqual({ errorCode: 'A', message: 'x' });
  expect(errorOf({ error: { code: 'Failed' } })).toEqual({ code: 'Failed' });
  expect(errorOf({ status: 'Failed', errors: [] })).toBeUndefined();
});

test('the code of an error is found under its names', () => {
  expect(codeOf({ code: 'A' })).toBe('A');
  expect(codeOf({ ErrorCode: 7 })).toBe('7');
  expect(codeOf({ message: 'x' })).toBeUndefined();
});
