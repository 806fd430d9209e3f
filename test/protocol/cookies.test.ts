/** Cookies of one operation [RFC 6265 §5.3, §5.4]. */
import { cookieHeader, withCookies, type Cookies } from '../../src/lro/cookies';
import { HOST, NOW_MS } from './given';

const HERE = `${HOST}/operations/1`;
const host = 'us.atlas.microsoft.com';
const set = (before: Cookies | undefined, setCookies: string[] | undefined, url = HERE): Cookies | undefined =>
  withCookies(before, setCookies, url, NOW_MS);
/** What a request to `url` carries of the cookies that an answer of `from` has set. */
const sent = (setCookies: string[], url: string, from = HERE): string | undefined => cookieHeader(set(undefined, setCookies, from), url);

test('cookies of an answer are kept with where they belong, and nothing more', () => {
  expect(
    set(undefined, ['ARRAffinity=abc;Path=/;HttpOnly;SameSite=None', 'b=2; Secure', `c=3; Domain=.${host}; Path=/x; Max-Age=900`]),
  ).toEqual([
    { name: 'ARRAffinity', value: 'abc', host },
    { name: 'b', value: '2', host, path: '/operations', secure: true },
    { name: 'c', value: '3', domain: host, path: '/x' },
  ]);
});

test('a new value takes the place of the old one of the same name, domain and path, the others stay', () => {
  const before = set(undefined, ['a=1; Path=/', 'b=2; Path=/', 'a=other; Path=/x']);
  expect(set(before, ['a=3; Path=/'])).toEqual([
    { name: 'a', value: '3', host },
    { name: 'b', value: '2', host },
    { name: 'a', value: 'other', host, path: '/x' },
  ]);
});

test.each(['a=; Max-Age=0; Path=/', 'a=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT', 'a=x; Max-Age=-5; Path=/'])(
  '%j removes the cookie',
  (text) => {
    expect(set(set(undefined, ['a=1; Path=/', 'b=2; Path=/']), [text])).toEqual([{ name: 'b', value: '2', host }]);
    expect(set(set(undefined, ['a=1; Path=/']), [text])).toBeUndefined();
  },
);

test('an answer that brings nothing new leaves the same list, so that history need not say it again', () => {
  const before = set(undefined, ['a=1; Path=/']);
  for (const setCookies of [undefined, [], ['a=1; Path=/'], ['b=; Max-Age=0'], ['no cookie'], ['a=2; Domain=example.com']]) {
    expect(set(before, setCookies)).toBe(before);
  }
});

test('they stay few and small', () => {
  const many = Array.from({ length: 40 }, (_, index) => `c${index}=x`);
  expect(set(undefined, many)).toHaveLength(10);
  const large = [`big=${'x'.repeat(2000)}`, `huge=${'x'.repeat(1_000_000)}`, `a=1; Path=/${'x'.repeat(1100)}`];
  expect(set(undefined, large)).toBeUndefined();
});

describe('a cookie goes', () => {
  test.each<[string, string, string, string | undefined]>([
    ['to the host that set it', 'a=1; Path=/', `${HOST}/tilesets`, 'a=1'],
    ['to no other host', 'a=1; Path=/', 'https://eu.atlas.microsoft.com/tilesets', undefined],
    ['to no host below the one that set it, unless it says so', 'a=1; Path=/', `https://x.${host}/`, undefined],
    ['to all hosts of the domain it names', 'a=1; Path=/; Domain=atlas.microsoft.com', 'https://eu.atlas.microsoft.com/', 'a=1'],
    ['to its own host and those below where it names that', `a=1; Path=/; Domain=${host}`, `https://x.${host}/`, 'a=1'],
    ['nowhere where it names a domain that is not its own', 'a=1; Path=/; Domain=example.com', 'https://example.com/', undefined],
    ['nowhere where it names a public suffix', 'a=1; Path=/; Domain=com', 'https://example.com/', undefined],
    ['to its path and below', 'a=1; Path=/tilesets', `${HOST}/tilesets/operations/1`, 'a=1'],
    ['to no other path that begins alike', 'a=1; Path=/tilesets', `${HOST}/tilesetsx`, undefined],
    ['below the folder of the URL that set it, without a path', 'a=1', `${HOST}/operations/2`, 'a=1'],
    ['nowhere else without a path', 'a=1', `${HOST}/tilesets`, undefined],
    ['not over plain http where it is secure', 'a=1; Path=/; Secure', `http://${host}/`, undefined],
    ['over https where it is secure', 'a=1; Path=/; Secure', `${HOST}/`, 'a=1'],
    ['to any port', 'a=1; Path=/', `https://${host}:8443/`, 'a=1'],
  ])('%s', (_where, text, url, header) => {
    expect(sent([text], url)).toBe(header);
  });

  test('to the host alone where that is a public suffix by itself', () => {
    const from = 'https://azurewebsites.net/';
    expect(sent(['a=1; Domain=azurewebsites.net'], from, from)).toBe('a=1');
    expect(sent(['a=1; Domain=azurewebsites.net'], 'https://x.azurewebsites.net/', from)).toBeUndefined();
    expect(sent(['a=1; Domain=azurewebsites.net'], 'https://y.azurewebsites.net/', 'https://x.azurewebsites.net/')).toBeUndefined();
    expect(sent(['ARRAffinity=1; Domain=x.azurewebsites.net'], 'https://x.azurewebsites.net/', 'https://x.azurewebsites.net/')).toBe(
      'ARRAffinity=1',
    );
  });

  test('back to an address', () => {
    expect(sent(['a=1; Domain=127.0.0.1'], 'http://127.0.0.1:4010/x', 'http://127.0.0.1:4010/y')).toBe('a=1');
    expect(sent(['a=1'], 'http://[::1]:4010/x', 'http://[::1]:4010/y')).toBe('a=1');
    expect(sent(['a=1; Domain=0.0.1'], 'http://127.0.0.1/', 'http://127.0.0.1/')).toBeUndefined();
  });
});

test('a cookie named __proto__ is a cookie like any other', () => {
  expect(sent(['__proto__=1'], HERE)).toBe('__proto__=1');
});

test('the request header names them all, longer paths first, and is absent without any', () => {
  expect(sent(['a=1; Path=/', 'b=2; Path=/operations', 'c=3; Path=/'], HERE)).toBe('b=2; a=1; c=3');
  expect(cookieHeader([], HERE)).toBeUndefined();
  expect(cookieHeader(undefined, HERE)).toBeUndefined();
});
