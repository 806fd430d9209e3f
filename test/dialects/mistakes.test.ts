/** What is refused when the file is loaded, with its place and what was probably meant. */
import { stringify } from 'yaml';
import { mistakesIn } from '../config/file';

const good = { pollingLocation: '{base}/jobs/{$response.body#/id}', status: '$response.body#/status', succeeded: ['done'] };
const said = (dialect: unknown): string =>
  mistakesIn(stringify({ connections: { maps: { baseUrl: 'https://example.com', dialect } } })).join('\n');

const find = { url: '{base}/jobs?tag={idempotencyKey}', items: '$response.body#/data' };

it.each([
  [
    'a way to find that names nothing of the submit',
    { ...good, find: { url: '{base}/jobs' } },
    'find: has nothing of the submit in `url` or `match`',
  ],
  ['pages of what is no list', { ...good, find: { ...find, items: undefined, next: '$response.body#/next' } }, 'find.next: needs `items`'],
  ['a wrong match', { ...good, find: { ...find, match: { '$.tag': '{idempotencyKey}' } } }, 'did you mean "$response.body#/tag"?'],
  [
    'a wrong name in a match',
    { ...good, find: { ...find, match: { '$response.body#/tag': '{idempotencykey}' } } },
    'did you mean "{idempotencyKey}"?',
  ],
  [
    'a part of the submit where there is none',
    { ...good, pollingLocation: '{base}/jobs/{$request.body#/id}' },
    'dialect.pollingLocation.0: must',
  ],
  ['too many pages', { ...good, find: { ...find, maxPages: 1000 } }, 'find.maxPages: must be at most 100'],
  ['an unknown preset', 'replicat', 'connections.maps.dialect: must be one of azure, aip-151'],
  ['an unknown preset', 'replicat', '(did you mean "replicate"?), got "replicat"'],
  ['an unknown preset in a map', { preset: 'opneeo' }, 'dialect.preset: must be one of'],
  ['neither name nor map', 7, "must be a preset's name (azure, aip-151"],
  ['an unknown key', { ...good, pollingLocaton: 'x' }, 'dialect.pollingLocaton: is not a known key; did you mean "pollingLocation"?'],
  ['no place to poll', { status: good.status, succeeded: ['done'] }, 'dialect.pollingLocation: '],
  ['no way to a status', { pollingLocation: good.pollingLocation }, 'has no way to a status'],
  ['no way to succeed', { ...good, succeeded: [], failed: ['bad'] }, 'has no way to succeed'],
  [
    'words without a status',
    { ...good, status: undefined, rules: [{ when: { $statusCode: 200 }, then: 'succeeded' }] },
    'no `status` that they are compared with',
  ],
  ['a word twice', { ...good, failed: ['DONE'] }, 'says two things of the word "done"'],
  [
    'a JSONPath',
    { ...good, status: '$.status' },
    'dialect.status: must be an expression ($statusCode, $response.header.NAME or $response.body#/POINTER); did you mean "$response.body#/status"?',
  ],
  ['dots', { ...good, status: '$response.body.job.status' }, 'did you mean "$response.body#/job/status"?'],
  ['a plural', { ...good, pollingLocation: '$response.headers.Location' }, 'did you mean "$response.header.Location"?'],
  ['a wrong name in a template', { ...good, pollingLocation: '{Base}/jobs' }, 'not "{Base}"; did you mean "{base}"?'],
  ['a name that is not known yet', { ...good, pollingLocation: '{statusUrl}/x' }, 'not "{statusUrl}"'],
  ['an open brace', { ...good, finalLocation: '{base}/{x' }, 'must close every brace'],
  ['a bare word as URL', { ...good, finalLocation: 'results' }, 'must be an expression, or begin with'],
  ['a wrong condition', { ...good, rules: [{ when: { '$response.bdy#/a': true }, then: 'failed' }] }, 'must be an expression'],
  [
    'a code that is none',
    { ...good, rules: [{ when: { $statusCode: '4xx' }, then: 'failed' }] },
    'must be a code such as 200, or a range such as 4XX',
  ],
  [
    'success by an error answer',
    { ...good, rules: [{ when: { $statusCode: 500, '$response.body#/a': 1 }, then: 'succeeded' }] },
    'can only mean failed or canceled',
  ],
  [
    'an end by a code alone',
    { ...good, rules: [{ when: { $statusCode: '5XX' }, then: 'failed' }] },
    'needs a condition on $response.body too',
  ],
  ['an end by 404', { ...good, rules: [{ when: { $statusCode: 404, '$response.body#/a': 1 }, then: 'failed' }] }, 'cannot be of 404'],
  [
    'an unknown kind of end',
    { ...good, rules: [{ when: { $statusCode: 200 }, then: 'done' }] },
    'rules.0.then: must be one of succeeded, failed',
  ],
  ['credentials among headers', { ...good, headers: { Authorization: 'x' } }, 'dialect.headers.Authorization: carries credentials'],
  [
    'credentials as key',
    { ...good, idempotencyKey: { in: 'header', name: 'Authorization' } },
    'must be a name that carries no credentials',
  ],
  ['a body of a GET', { ...good, poll: { method: 'GET', body: {} } }, 'must be a POST to have a body'],
  ['a backoff that shrinks', { ...good, backoff: { factor: 0.5 } }, 'must be a number above 1'],
])('%s is refused: %j', (_what, dialect, message) => {
  expect(said(dialect)).toContain(message);
});

it('a mistake is named with its line', () => {
  const yaml = `connections:\n  maps:\n    baseUrl: https://example.com\n    dialect:\n      pollingLocation: $response.header.Location\n      status: $.status\n      succeeded: [done]\n`;
  expect(mistakesIn(yaml)[0]).toMatch(/^lro\.config\.yaml:6:15 connections\.maps\.dialect\.status: must be an expression/);
});
