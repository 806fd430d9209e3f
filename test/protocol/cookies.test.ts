/** Cookies of one operation. */
import { cookieHeader, withCookies } from '../../src/lro/cookies';
import { NOW_MS } from './given';

test('cookies of an answer are kept by name, without their attributes', () => {
  expect(withCookies(undefined, ['ARRAffinity=abc;Path=/;HttpOnly;Domain=h', 'b=2; Secure'], NOW_MS)).toEqual({
    ARRAffinity: 'abc',
    b: '2',
  });
});

test('a new value takes the place of the old one, the others stay', () => {
  expect(withCookies({ a: '1', b: '2' }, ['a=3'], NOW_MS)).toEqual({ a: '3', b: '2' });
});

test.each(['a=; Max-Age=0', 'a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT', 'a=x; Max-Age=-5'])('%j removes the cookie', (text) => {
  expect(withCookies({ a: '1', b: '2' }, [text], NOW_MS)).toEqual({ b: '2' });
  expect(withCookies({ a: '1' }, [text], NOW_MS)).toBeUndefined();
});

test('an answer that brings nothing new leaves the same object, so that history need not say it again', () => {
  const before = { a: '1' };
  for (const setCookies of [undefined, [], ['a=1; Path=/'], ['b=; Max-Age=0'], ['no cookie']]) {
    expect(withCookies(before, setCookies, NOW_MS)).toBe(before);
  }
});

test('they stay few and small', () => {
  const many = Array.from({ length: 40 }, (_, index) => `c${index}=x`);
  expect(Object.keys(withCookies(undefined, many, NOW_MS) ?? {})).toHaveLength(10);
  expect(withCookies(undefined, [`big=${'x'.repeat(2000)}`, `huge=${'x'.repeat(1_000_000)}`], NOW_MS)).toBeUndefined();
});

test('a cookie named __proto__ is a cookie like any other', () => {
  expect(cookieHeader(withCookies(undefined, ['__proto__=1'], NOW_MS))).toBe('__proto__=1');
});

test('the request header names them all, and is absent without any', () => {
  expect(cookieHeader({ a: '1', b: '2' })).toBe('a=1; b=2');
  expect(cookieHeader({})).toBeUndefined();
  expect(cookieHeader(undefined)).toBeUndefined();
});
