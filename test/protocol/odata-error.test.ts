/** What a person is told of an OData error [protocol.md section 1]. */
import type { Json } from '../../src/contract';
import { errorMessage, errorOf } from '../../src/lro/odata-error';
import { oneLine } from '../../src/lro/text';
import { deepJson } from './given';

describe('the message of an error', () => {
  test.each<[string, Json, string]>([
    ['code and message', { code: 'BadRequest', message: 'no such dataset' }, 'BadRequest: no such dataset'],
    ['a message alone', { message: 'no such dataset' }, 'no such dataset'],
    ['a code alone', { code: 'BadRequest' }, 'BadRequest'],
    ['a number as code', { code: 42, message: 'x' }, '42: x'],
    ['a text instead of an object', 'it broke', 'it broke'],
    ['details as one object', { code: 'A', message: 'outer', details: { code: 'B', message: 'inner' } }, 'A: outer → B: inner'],
    ['details as an array', { code: 'A', details: [{ code: 'B', message: 'one' }, { message: 'two' }] }, 'B: one; two'],
    [
      'two levels of details below no message',
      { code: 'A', details: { code: 'B', details: [{ code: 'C', message: 'the useful one' }] } },
      'C: the useful one',
    ],
    ['an innererror', { code: 'A', message: 'outer', innererror: { code: 'B', message: 'inner' } }, 'A: outer → B: inner'],
    ['an innerError in camel case', { message: 'outer', innerError: { message: 'inner' } }, 'outer → inner'],
    ['an innererror that says nothing', { code: 'A', message: 'outer', innererror: { trace: 'x' } }, 'A: outer'],
    ['an error wrapped once more', { error: { code: 'A', message: 'inner' } }, 'A: inner'],
    ['codes at the bottom and a text above', { message: 'the text', details: [{ code: 'B' }] }, 'the text'],
    ['problem details', { title: 'Bad', detail: 'dataset d1 is gone', status: 404 }, 'dataset d1 is gone'],
    ['a blank message', { code: 'A', message: '  ', details: null }, 'A'],
  ])('%s', (_shape, error, message) => {
    expect(errorMessage(error)).toBe(message);
  });

  test.each<[Json | undefined]>([[undefined], [null], [{}], [[]], [''], [{ details: [] }], [{ message: {} }], [true]])(
    '%j says nothing',
    (error) => {
      expect(errorMessage(error)).toBeUndefined();
    },
  );

  test('of many texts only some are said, and how many more there are', () => {
    const details = Array.from({ length: 12 }, (_, index) => ({ message: `text ${index}` }));
    expect(errorMessage({ details })).toBe('text 0; text 1; text 2; text 3; text 4; and 7 more');
  });

  test('is one line without control characters', () => {
    expect(errorMessage({ message: 'a\u0000b\r\nc\u001b[31md\u2028e' })).toBe('a b c [31md e');
  });

  test('has an end, however long the texts', () => {
    expect(errorMessage({ message: 'x'.repeat(1_000_000) })?.length).toBeLessThanOrEqual(401);
    const details = Array.from({ length: 5 }, () => ({ message: 'y'.repeat(1000) }));
    expect(errorMessage({ details })?.length).toBeLessThanOrEqual(1000);
  });

  test('has no half characters, whether the service sent them or a cut made them', () => {
    for (const text of ['\ud83d', 'x\udc00y', `${'x'.repeat(399)}😀 and more`, '😀'.repeat(300)]) {
      expect(() => encodeURIComponent(oneLine(text))).not.toThrow();
      expect(() => encodeURIComponent(errorMessage({ details: Array.from({ length: 5 }, () => ({ message: text })) }) ?? '')).not.toThrow();
    }
    expect(oneLine('all 😀 is well')).toBe('all 😀 is well');
  });

  test('is found with bounded work in a million nested details', () => {
    const error = JSON.parse(`{"message":"top","details":${deepJson()}}`) as Json;
    expect(errorMessage(error)).toBe('top');
  });

  test('is found with bounded work in a million details side by side', () => {
    const many = Array.from({ length: 1_000_000 }, (_, index) => ({ message: `text ${index}` }));
    expect(errorMessage({ details: many })).toMatch(/^text 0; text 1; text 2; text 3; text 4; and \d+ more$/);
    const details = Array.from({ length: 1_000_000 }, () => ({ message: 'same' }));
    expect(errorMessage({ details })).toBe('same');
  });
});

describe('the error of a body', () => {
  test.each<[string, Json | undefined, Json | undefined]>([
    ['its error', { status: 'Failed', error: { code: 'A' } }, { code: 'A' }],
    ['its error, also as text', { error: 'broken' }, 'broken'],
    ['itself where it has a message', { message: 'no' }, { message: 'no' }],
    ['itself where it has a code', { code: 'A' }, { code: 'A' }],
    ['itself as ASP.NET writes it', { Message: 'no' }, { Message: 'no' }],
    ['itself as problem details', { title: 'no', status: 400 }, { title: 'no', status: 400 }],
    ['none', { status: 'Failed' }, undefined],
    ['none where it is null', { error: null }, undefined],
    ['none in a text', 'text', undefined],
    ['none in nothing', undefined, undefined],
  ])('is %s', (_what, body, error) => {
    expect(errorOf(body)).toEqual(error);
  });
});
