/** Whom to trust, and what of a URL may be shown [protocol.md section 5]. */
import { judgeCallerUrl, judgeUrl, masked, shown, withoutParameters } from '../../src/lro/trust';
import type { TrustSettings } from '../../src/lro/settings';

const trust: TrustSettings = {
  baseUrl: 'https://us.atlas.microsoft.com',
  trustedHosts: ['us.atlas.microsoft.com'],
  attachHosts: [],
  otherHosts: 'refuse',
};
const verdict = (url: string, more: Partial<TrustSettings> = {}): string => judgeUrl(url, { ...trust, ...more }).kind;

describe('credentials go to', () => {
  test.each<[string, string, Partial<TrustSettings>]>([
    ['the host of the base URL', 'https://us.atlas.microsoft.com/x', {}],
    ['it in capital letters', 'HTTPS://US.ATLAS.Microsoft.com/x', {}],
    ['its default port, written out', 'https://us.atlas.microsoft.com:443/x', {}],
    ['a host on the list', 'https://eu.atlas.microsoft.com/x', { trustedHosts: ['eu.atlas.microsoft.com'] }],
    ['a host on the list in capital letters', 'https://eu.atlas.microsoft.com/x', { trustedHosts: ['EU.atlas.microsoft.com'] }],
    ['any depth below a starred name', 'https://a.b.example.com/x', { trustedHosts: ['*.example.com'] }],
    ['a listed host on any port where none is named', 'https://eu.example.com:8443/x', { trustedHosts: ['eu.example.com'] }],
    ['a listed port', 'https://eu.example.com:8443/x', { trustedHosts: ['eu.example.com:8443'] }],
    ['a listed default port', 'https://eu.example.com/x', { trustedHosts: ['eu.example.com:443'] }],
    ['a listed port below a starred name', 'https://a.example.com:8443/x', { trustedHosts: ['*.example.com:8443'] }],
    ['an address in brackets', 'https://[::1]:8443/x', { trustedHosts: ['[::1]'] }],
    ['an address in brackets with its port', 'https://[::1]:8443/x', { trustedHosts: ['[::1]:8443'] }],
    ['plain http where the base URL is so', 'http://127.0.0.1:4010/x', { baseUrl: 'http://127.0.0.1:4010', trustedHosts: ['127.0.0.1'] }],
    ['https where the base URL is http', 'https://localhost/x', { baseUrl: 'http://localhost:4010', trustedHosts: ['localhost'] }],
  ])('%s', (_whom, url, more) => {
    expect(verdict(url, more)).toBe('withCredentials');
  });
});

describe('refused is', () => {
  test.each<[string, string, Partial<TrustSettings>]>([
    ['another host', 'https://evil.example/x', {}],
    ['a host that ends like a trusted one', 'https://evilus.atlas.microsoft.com/x', {}],
    ['a host that begins like a trusted one', 'https://us.atlas.microsoft.com.evil.example/x', {}],
    ['the starred name itself', 'https://example.com/x', { trustedHosts: ['*.example.com'] }],
    ['a name that only ends like the starred one', 'https://evilexample.com/x', { trustedHosts: ['*.example.com'] }],
    ['the trusted host over plain http', 'http://us.atlas.microsoft.com/x', {}],
    ['another port of the base URL’s host', 'https://us.atlas.microsoft.com:8443/x', {}],
    [
      'another port of the base URL’s host on this machine',
      'http://127.0.0.1:4011/x',
      { baseUrl: 'http://127.0.0.1:4010', trustedHosts: ['127.0.0.1'] },
    ],
    ['port 80 beside the base URL’s own', 'http://127.0.0.1/x', { baseUrl: 'http://127.0.0.1:4010', trustedHosts: ['127.0.0.1'] }],
    ['another port than the listed one', 'https://eu.example.com/x', { trustedHosts: ['eu.example.com:8443'] }],
    ['a trusted host with a dot behind it', 'https://us.atlas.microsoft.com./x', {}],
    ['another scheme', 'ftp://us.atlas.microsoft.com/x', {}],
    ['a file', 'file:///etc/passwd', {}],
    ['a script', 'javascript:alert(1)', {}],
    ['a user name', 'https://us.atlas.microsoft.com@evil.example/x', {}],
    ['a user name at the trusted host', 'https://me@us.atlas.microsoft.com/x', {}],
    ['a password', 'https://:pw@us.atlas.microsoft.com/x', {}],
    ['what is no URL', 'not a url', {}],
    ['nothing', '', {}],
  ])('%s', (_whom, url, more) => {
    expect(verdict(url, more)).toBe('refused');
  });

  test('a host without credentials, too, when its scheme or user info is wrong', () => {
    expect(verdict('ftp://evil.example/x', { otherHosts: 'withoutCredentials' })).toBe('refused');
    expect(verdict('https://me:pw@evil.example/x', { otherHosts: 'withoutCredentials' })).toBe('refused');
  });

  test('with a reason that names the host and what would be trusted', () => {
    const refused = judgeUrl('https://evil.example/x?sig=s3cret', { ...trust, trustedHosts: ['*.atlas.microsoft.com'] });
    expect(refused).toEqual({
      kind: 'refused',
      reason: "https://evil.example is not among the connection's trusted hosts (https://us.atlas.microsoft.com, *.atlas.microsoft.com)",
    });
  });

  test('with a reason of bounded length, whatever the URL', () => {
    const refused = judgeUrl(`https://${'x'.repeat(60_000)}.example/`, trust);
    expect(JSON.stringify(refused).length).toBeLessThan(5000);
  });
});

test('where the connection says so, other hosts are asked without credentials', () => {
  expect(verdict('https://graph.example/x', { otherHosts: 'withoutCredentials' })).toBe('withoutCredentials');
  expect(verdict('http://us.atlas.microsoft.com/x', { otherHosts: 'withoutCredentials' })).toBe('withoutCredentials');
  expect(verdict('https://us.atlas.microsoft.com/x', { otherHosts: 'withoutCredentials' })).toBe('withCredentials');
});

describe('the own credential parameters', () => {
  test.each([
    ['are cut whatever their case', 'https://h/x?Subscription-KEY=k&a=1', 'https://h/x?a=1'],
    ['are cut when they are escaped', 'https://h/x?subscription%2dkey=k', 'https://h/x'],
    ['are cut when they stand twice', 'https://h/x?subscription-key=1&subscription-key=2', 'https://h/x'],
    ['are cut without a value', 'https://h/x?subscription-key&a=1', 'https://h/x?a=1'],
    ['take user info and fragment along', 'https://u:p@h/x?a=1#f', 'https://h/x?a=1'],
    ['leave the rest letter by letter', 'https://h/x?sig=a%2fb+c%20~&subscription-key=k', 'https://h/x?sig=a%2fb+c%20~'],
    ['leave a URL without them as it is', 'https://H/x?b=%7E', 'https://H/x?b=%7E'],
    ['leave what is no URL as it is', 'no url', 'no url'],
  ])('%s', (_what, url, cut) => {
    expect(withoutParameters(url, ['subscription-key'])).toBe(cut);
  });
});

describe('what a person sees of a URL', () => {
  test.each([
    ['sig', 'https://h/x?sv=1&sig=abc', 'https://h/x?sv=1&sig=***'],
    ['ARM’s t, c, s and h', 'https://h/x?api-version=1&t=1&c=2&s=3&h=4', 'https://h/x?api-version=1&t=***&c=***&s=***&h=***'],
    ['a token by name', 'https://h/x?access_token=abc', 'https://h/x?access_token=***'],
    ['a long opaque value by any name', `https://h/x?q=${'aB3'.repeat(20)}`, 'https://h/x?q=***'],
    ['user info', 'https://u:p@h/x', 'https://h/x'],
  ])('masks %s', (_what, url, seen) => {
    expect(shown(url)).toBe(seen);
    expect(masked(url)).toBe(seen);
  });

  test('keeps what is no secret as it was written', () => {
    const url = 'https://h/x?api-version=2023-07-01&id=c587574e-0000-4000-8000-1234567890ab';
    expect(shown(url)).toBe(url);
    expect(masked(url)).toBeUndefined();
    expect(masked(undefined)).toBeUndefined();
  });

  test('has no control characters and a bounded length', () => {
    expect(shown('no\u0000url\n')).toBe('no?url?');
    expect(shown(`no url ${'x'.repeat(100_000)}`).length).toBeLessThan(2100);
  });
});

describe('a URL that a caller has named', () => {
  const open: TrustSettings = { ...trust, otherHosts: 'withoutCredentials', attachHosts: ['*.jobs.example.com'] };

  it('may be on a trusted host, with credentials', () =>
    expect(judgeCallerUrl('https://us.atlas.microsoft.com/operations/1', open)).toEqual({ kind: 'withCredentials' }));

  it('may be on a host of attachHosts, without credentials', () =>
    expect(judgeCallerUrl('https://eu.jobs.example.com/operations/1', open)).toEqual({ kind: 'withoutCredentials' }));

  it.each([
    'http://169.254.169.254/metadata/identity',
    'https://evil.example/x',
    'file:///etc/passwd',
    'https://u:p@us.atlas.microsoft.com/',
  ])('may be nowhere else, whatever services may name: %s', (url) => {
    expect(judgeCallerUrl(url, open).kind).toBe('refused');
  });

  it('is refused with the hosts that it could be on', () =>
    expect(judgeCallerUrl('https://evil.example/x', open)).toMatchObject({
      reason: expect.stringMatching(/evil\.example is not among .*us\.atlas\.microsoft\.com.*attachHosts \(\*\.jobs\.example\.com\)/),
    }));

  it('is judged more strictly than one that a service has named', () => {
    expect(judgeUrl('https://graph.example/x', open)).toEqual({ kind: 'withoutCredentials' });
    expect(judgeUrl('https://eu.jobs.example.com/x', { ...open, otherHosts: 'refuse' })).toEqual({ kind: 'withoutCredentials' });
  });
});
