/** Whatever callers, references and templates make of a path: it stays below the base URL's, in every spelling that some server knows. */
import fc from 'fast-check';
import { readyStep } from '../../src/activities/prepare-chain';
import { cancelUrl, pathProblem, urlBelow, urlProblem } from '../../src/lro/paths';
import { connectionsOf, IDENTITY, prepared } from './prepared';

const BASE = 'https://api.example.com/v1';
const connections = connectionsOf();

/** `..` as servers and gateways read it. */
const SPELLINGS = [
  '..',
  '.%2e',
  '%2E%2e',
  '%252e%252e',
  '%25252e.',
  '..;',
  '..;a=b',
  '%2e%2e%3b',
  ' ..',
  '..%20',
  '%c0%ae%c0%ae',
  '%25c0%25ae.',
  '\uff0e\uff0e',
  '\u2025',
];
const ESCAPES = [
  ...SPELLINGS.map((up) => `/tilesets/${up}/datasets`),
  '/..%2f..%2fb',
  '/tilesets/..%5cdatasets',
  '/tilesets\\..\\datasets',
  '/tilesets/%5c..%5cb',
  '/tilesets%2f..%2fdatasets',
  '/tilesets/..%2fb',
  '/tilesets/./b',
  '/a/%0d%0ab',
  '/a/%00',
  '/a/b\tc',
  '/a\u007fb',
];

test.each(ESCAPES)('a submit, an attach and a cancel of %j are refused', (path) => {
  expect(prepared({ submit: { path } }, connections)).toMatch(/^InvalidInput: submit\.path: /);
  expect(prepared({ attach: { statusUrl: `${BASE}${path}` } }, connections)).toMatch(/^InvalidInput: attach\.statusUrl: /);
  expect(prepared({ attach: { statusUrl: `${BASE}/s`, requestUrl: `${BASE}${path}` } }, connections)).toMatch(
    /^InvalidInput: attach\.requestUrl: /,
  );
  const submit = { path: '/tilesets' };
  for (const template of [path, `${BASE}${path}`, `{statusPath}${path}`]) {
    expect(prepared({ submit, cancel: { path: template } }, connections)).toMatch(/^InvalidInput: cancel\.path: /);
  }
});

test.each([
  'https://api.example.com/v2/operations/1',
  'https://api.example.com/operations/1',
  '/operations/1',
  'https://api.example.com/v10',
])('an attach to %s is refused: it does not lie below the base URL', (statusUrl) => {
  expect(prepared({ attach: { statusUrl } }, connections)).toMatch(/must stay below the base URL/);
});

test.each(['x:y', 'file:///etc/passwd', '//evil.example.com/x', '/a#b'])('a cancel of %j is refused', (path) => {
  expect(prepared({ submit: { path: '/tilesets' }, cancel: { path } }, connections)).toMatch(/^InvalidInput: cancel\.path: must be a path/);
});

test.each([
  ['/tilesets', '/tilesets'],
  ['tilesets/t1?x=../y', '/tilesets/t1?x=../y'],
  ["/subscriptions/s/things('a..b')/.hidden/…/a.b..c", '/subscriptions/s/things(%27a..b%27)/.hidden/%E2%80%A6/a.b..c'],
  ['/a%2Fb/100%25', '/a%2Fb/100%25'],
  ['/r%C3%A4ume/\u5efa', '/r%C3%A4ume/%E5%BB%BA'],
])('a submit of %j goes below the base URL as it is', (path, sent) => {
  const operation = prepared({ submit: { path } }, connections);
  expect(operation).toMatchObject({ submit: { url: expect.stringContaining(BASE) } });
  const { submit } = operation as { submit: { url: string } };
  expect(decodeURI(submit.url)).toBe(decodeURI(`${BASE}${sent}`));
});

test('what a reference fills in is judged as part of the path it becomes', () => {
  const ready = (path: string, resourceId: string, resourceLocation = ''): string => {
    const step = { id: 's', connection: 'default', onUncertainSubmit: 'fail' as const, submit: { path } };
    try {
      return readyStep(step, { a: { resourceId, resourceLocation } }, connections, IDENTITY).operation.submit?.url ?? '';
    } catch (error) {
      return (error as Error).message;
    }
  };
  const one = '/tilesets/{{steps.a.resourceId}}/x';
  for (const value of [...SPELLINGS, '.', '../../b', '..\\b', '%2e%2e', 'a/../b', 'a\nb', 'a\u0000']) {
    expect(ready(one, value)).toMatch(/^submit\.path: must (not have|be UTF-8)/);
  }
  expect(ready('/tilesets/.{{steps.a.resourceId}}/x', '.')).toMatch(/^submit\.path: must not have/);
  const location = '{{steps.a.resourceLocation}}/x';
  for (const path of ['/../b', '/..%2fb', '/a/%2e%2e/%2e%2e'])
    expect(ready(location, '', `${BASE}${path}`)).toMatch(/^submit\.path: must not/);
  for (const url of ['https://evil.example.com/a', 'https://api.example.com/v2/a', 'https://api.example.com/v10/a']) {
    expect(ready(location, '', url)).toMatch(/^submit\.path: must be a path below/);
  }
  expect(ready(one, 'a/b?c#d')).toBe(`${BASE}/tilesets/a%2Fb%3Fc%23d/x`);
  expect(ready(one, '\ud800')).toBe(`${BASE}/tilesets/%EF%BF%BD/x`);
  expect(ready(location, '', `${BASE}/things/1`)).toBe(`${BASE}/things/1/x`);
});

test('in an attach a reference is one segment, unless the URL begins with it', () => {
  const ready = (statusUrl: string, operationId: string): string => {
    const step = { id: 's', connection: 'default', onUncertainSubmit: 'fail' as const, attach: { statusUrl } };
    try {
      return readyStep(step, { a: { operationId } }, connections, IDENTITY).operation.attach?.statusUrl ?? '';
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(ready(`${BASE}/operations/{{steps.a.operationId}}`, '1?x=y#z/w')).toBe(`${BASE}/operations/1%3Fx%3Dy%23z%2Fw`);
  expect(ready(`${BASE}/operations/{{steps.a.operationId}}`, '../keys')).toMatch(/must not have/);
  expect(ready('{{steps.a.operationId}}', `${BASE}/operations/1`)).toBe(`${BASE}/operations/1`);
});

describe('the URL of a cancel', () => {
  const monitor = { statusUrl: `${BASE}/tilesets/operations/1?api-version=2`, operationId: '1' };

  test.each([
    ['{statusPath}:cancel', `${BASE}/tilesets/operations/1:cancel?api-version=2`],
    ['/jobs/{operationId}', `${BASE}/jobs/1?api-version=2`],
    ['{operationId}:cancel', `${BASE}/1:cancel?api-version=2`],
    [`${BASE}/jobs/{operationId}`, `${BASE}/jobs/1?api-version=2`],
    ['/jobs?id={operationId}&api-version=3', `${BASE}/jobs?id=1&api-version=3`],
  ])('of %j is %s', (path, url) => {
    expect(cancelUrl(monitor, { path }, BASE)).toEqual({ url });
  });

  test('takes patterns of replacements in ids and paths of services as they are', () => {
    const odd = { statusUrl: `${BASE}/op$'s/$&`, operationId: "$'$&$`$$" };
    expect(cancelUrl(odd, { path: '{statusPath}:cancel' }, BASE)).toEqual({ url: `${BASE}/op$'s/$&:cancel` });
    expect(cancelUrl(odd, { path: '/jobs/{operationId}/x' }, BASE)).toEqual({ url: `${BASE}/jobs/%24'%24%26%24%60%24%24/x` });
  });

  test.each(['..', '.', '../../admin', '..;', '%2e%2e'])('is refused where the operation id is %j', (operationId) => {
    expect(cancelUrl({ ...monitor, operationId }, { path: '/jobs/{operationId}/x' }, BASE)).toEqual({ problem: expect.any(String) });
  });

  test('follows a status path that the service named outside of the base URL, but no further', () => {
    const elsewhere = { statusUrl: 'https://api.example.com/operations/1', operationId: '1' };
    expect(cancelUrl(elsewhere, { path: '{statusPath}/cancel' }, BASE)).toEqual({ url: 'https://api.example.com/operations/1/cancel' });
    expect(cancelUrl(elsewhere, { path: '{statusPath}/../2' }, BASE)).toEqual({ problem: expect.stringContaining('..') });
  });
});

test('nothing that is taken for a path leads out of the base URL once it is decoded, however often', () => {
  const part = fc.constantFrom('..', '.', '/', '%2e', '%2f', '%5c', '%25', '\\', ';', '%3b', 'a', '%', '2e', '\uff0e', '%c0%ae', ' ');
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      const made = urlBelow(`/${parts.join('')}`, BASE);
      if ('problem' in made) return;
      expect(made.url.startsWith(`${BASE}/`)).toBe(true);
      let path = new URL(made.url).pathname;
      for (let decodings = 0; decodings < 6; decodings++) {
        const segments = path.replaceAll('\\', '/').split('/');
        expect(segments.map((segment) => segment.split(';')[0]?.trim())).not.toContain('..');
        path = path.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
      }
    }),
    { numRuns: 2000 },
  );
});

test('a path is judged in time linear to its length', () => {
  const before = process.cpuUsage();
  for (const unit of ['%25', '../', '%2e', ';', '%', 'a/', '%2525252525']) pathProblem(unit.repeat(100_000));
  expect(urlProblem(`${BASE}/${'a/'.repeat(8000)}`, BASE)).toBeUndefined();
  expect(process.cpuUsage(before).user / 1000).toBeLessThan(4000);
});
