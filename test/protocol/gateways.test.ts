/** Services behind a gateway: where the URLs that they name are asked [`statusUrls`; protocol.md section 2]. */
import type { Monitor } from '../../src/lro/monitor';
import type { ProtocolSettings } from '../../src/lro/settings';
import type { StatusUrlSettings } from '../../src/lro/dialect';
import { decideStatus } from '../../src/lro/status';
import { absoluteUrl, findStatusUrl, samePath } from '../../src/lro/status-url';
import { decideSubmit } from '../../src/lro/submit';
import { answer, context, HOST, monitor, NOW_MS, settings } from './given';

const BASE = `${HOST}/v1.0`;
const behind = (statusUrls: Partial<StatusUrlSettings>, more: Partial<ProtocolSettings> = {}): ProtocolSettings =>
  settings({
    ...more,
    statusUrls: { through: 'asGiven', resolveBelow: 'origin', credentials: true, ...statusUrls },
    trust: { baseUrl: BASE },
  });
const found = (header: string, set: ProtocolSettings): string | undefined =>
  findStatusUrl(answer(202, { 'Operation-Location': header }, undefined, { url: `${BASE}/teams` }), set)?.url;

describe('through: baseUrl', () => {
  const set = behind({ through: 'baseUrl' });

  test.each([
    ['of the backend', 'http://backend.internal:8443/jobs/1?x=1', `${BASE}/jobs/1?x=1`],
    ['of the backend that has the base path already', 'https://backend.internal/v1.0/jobs/1', `${BASE}/jobs/1`],
    ['of the gateway itself', `${HOST}/other/1`, `${HOST}/other/1`],
    ['that is relative', '/jobs/1', `${HOST}/jobs/1`],
    ['with signatures, letter by letter', 'https://b.internal/j/1?sig=a%2Bb%2F&t=1+2', `${BASE}/j/1?sig=a%2Bb%2F&t=1+2`],
  ])('a status URL %s is asked there', (_what, header, url) => {
    expect(found(header, set)).toBe(url);
  });

  test('a status URL is asked as it is given by default', () => {
    expect(found('http://backend.internal:8443/jobs/1', behind({}))).toBe('http://backend.internal:8443/jobs/1');
  });

  test('it is not led elsewhere by what stands in the path', () => {
    for (const path of ['//evil.example/x', '/\\evil.example/x', '/../../x', '/@evil.example']) {
      expect(new URL(found(`https://backend.internal${path}`, set) ?? '').origin).toBe(HOST);
    }
  });

  test('a poll that names the backend moves to the gateway, and so does the place of the result', () => {
    const moved = answer(200, { 'Operation-Location': 'https://b.internal/jobs/2' }, { status: 'Running' });
    expect(decideStatus(moved, monitor(), set, NOW_MS, 0)).toMatchObject({ monitor: { statusUrl: `${BASE}/jobs/2` } });
    const accepted = answer(202, { 'Operation-Location': 'https://b.internal/jobs/1', Location: 'https://b.internal/results/1' });
    const decision = decideSubmit(accepted, context({ url: `${BASE}/jobs` }), set, NOW_MS, 0);
    expect(decision).toMatchObject({ monitor: { statusUrl: `${BASE}/jobs/1`, finalUrl: `${BASE}/results/1` } });
  });

  test('a result that the body names at the backend is read through the gateway, one on a trusted host where it is', () => {
    const read = (resourceLocation: string): unknown => {
      const decision = decideStatus(answer(200, {}, { status: 'Succeeded', resourceLocation }), monitor(), set, NOW_MS, 0);
      return decision.kind === 'succeeded' ? decision.fetches?.map(({ url }) => url) : undefined;
    };
    expect(read('https://b.internal/results/1')).toEqual([`${BASE}/results/1`]);
    expect(read(`${HOST}/results/1`)).toEqual([`${HOST}/results/1`]);
  });
});

describe('resolveBelow: baseUrl', () => {
  const set = behind({ resolveBelow: 'baseUrl' });

  test.each([
    ['that begins with a slash is below the base URL', "/teams('t1')/operations('o1')", `${BASE}/teams('t1')/operations('o1')`],
    ['that has the base path already is taken as it is', '/v1.0/teams/1', `${BASE}/teams/1`],
    ['that only begins like the base path is below it', '/v1.0x/1', `${BASE}/v1.0x/1`],
    ['that is relative is against the request', 'operations/1', `${BASE}/operations/1`],
    ['that names a host is taken as it is', '//other.example/x', 'https://other.example/x'],
    ['that is absolute is taken as it is', `${HOST}/x`, `${HOST}/x`],
  ])('a URL %s', (_what, header, url) => {
    expect(found(header, set)).toBe(url);
    expect(absoluteUrl(header, `${BASE}/teams`, set)).toBe(url);
  });

  test('a URL that begins with a slash is below the host by default', () => {
    expect(found('/teams/1', behind({}))).toBe(`${HOST}/teams/1`);
  });
});

describe('credentials: false', () => {
  const url = `${HOST}/instances/1?taskHub=h&code=SYSTEM1`;

  test('a status URL keeps the parameter of its own that has the name of the connection’s key', () => {
    expect(found(url, behind({ credentials: false }, { credentialParameters: ['code'] }))).toBe(url);
    expect(found(url, behind({}, { credentialParameters: ['code'] }))).toBe(`${HOST}/instances/1?taskHub=h`);
  });

  test('it is masked where people see it', () => {
    const set = behind({ credentials: false }, { credentialParameters: ['code'] });
    const decision = decideSubmit(answer(202, { Location: url }), context(), set, NOW_MS, 0);
    const { statusUrl, shownUrl } = (decision.kind === 'accepted' ? decision.monitor : {}) as Partial<Monitor>;
    expect(statusUrl).toContain('code=SYSTEM1');
    expect(shownUrl).toContain('code=***');
  });

  test('other URLs are cut as ever', () => {
    const set = behind({ credentials: false }, { credentialParameters: ['code'] });
    expect(absoluteUrl(url, HOST, set)).toBe(`${HOST}/instances/1?taskHub=h`);
  });
});

test('two URLs have the same path whatever their case, query, host and last slash', () => {
  expect(samePath(`${HOST}/Redis/r1?x=1`, 'https://eu.example/redis/R1/?y=2')).toBe(true);
  expect(samePath(`${HOST}/redis/r1`, `${HOST}/redis/r2`)).toBe(false);
  expect(samePath(`${HOST}/redis/r1`, `${HOST}/redis/r1/ops`)).toBe(false);
});
