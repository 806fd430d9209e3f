/** What a batch's input may be: all of it is checked before anything is submitted, and what is wrong is named with its place. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BatchItem, FailureDetails } from '../../src/contract';
import { byOutcome, FAILS, FAST, HELD, item, items, newReport, openBatchHarness, type BatchHarness } from './harness';

let harness: BatchHarness;
let unreachable: Promise<FailureDetails & { seconds: number }>;

beforeAll(async () => {
  harness = await openBatchHarness({ connection: FAST });
  // Takes half a minute: goes on while the other tests run.
  unreachable = failureOfClosedPort();
});

beforeEach(() => harness.emulator.admin.reset());

afterAll(() => harness.close());

async function failureOfClosedPort(): Promise<FailureDetails & { seconds: number }> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const startedAt = performance.now();
  const failure = await harness.failure({ manifest: { url: `http://127.0.0.1:${port}/items.jsonl?sig=secret` } });
  return { ...failure, seconds: (performance.now() - startedAt) / 1000 };
}

const A = item('a');

describe('is refused before anything is submitted:', () => {
  afterEach(async () => expect(await harness.emulator.admin.counts()).toMatchObject({ requests: 0 }));

  const big = 'x'.repeat(300_000);
  test.each<[string, unknown, string, string]>([
    ['no input', undefined, 'InvalidInput', 'input: must be an object'],
    ['no items at all', { maxInFlight: 5 }, 'InvalidInput', 'exactly one of "items", "manifest" and "retryOf"'],
    ['items from two places', { items: [A], manifest: { path: 'm' } }, 'InvalidInput', 'exactly one of "items", "manifest" and "retryOf"'],
    ['an unknown field', { items: [A], maxInflight: 5 }, 'InvalidInput', 'maxInflight: is not a known key; did you mean "maxInFlight"?'],
    [
      'an unknown field of the defaults',
      { items: [A], defaults: { deadlineSecond: 5 } },
      'InvalidInput',
      'did you mean "deadlineSeconds"?',
    ],
    [
      'an unknown field of an item',
      { items: [{ ...A, label: {} }] },
      'InvalidInput',
      'items[0]: label: is not a known key; did you mean "labels"?',
    ],
    [
      'an unknown kind',
      { items: [{ ...A, kind: 'operations' }] },
      'InvalidInput',
      'items[0]: kind: must be one of operation, tileset, chain (did you mean',
    ],
    ['an item without id', { items: [A, { submit: A.submit }] }, 'InvalidInput', 'items[1]: id: is required'],
    ['an id that is no string', { items: [{ ...A, id: 7 }] }, 'InvalidInput', 'items[0]: id: must be a string that is not empty'],
    ['an id twice', { items: [A, item('b'), A] }, 'InvalidInput', 'items[2]: id: stands in an earlier item, too ("a")'],
    ['an item that is none', { items: [A, 'b'] }, 'InvalidInput', 'items[1]: must be an object'],
    [
      'an item that starts nothing',
      { items: [{ id: 'a' }] },
      'InvalidInput',
      'items[0]: input: must have exactly one of "submit" and "attach"',
    ],
    ['an empty list', { items: [] }, 'InvalidInput', 'items: must have at least one item'],
    [
      'a path that leaves the base URL',
      { items: [item('a', undefined, { submit: { path: '//other.example/a' } })] },
      'InvalidInput',
      'items[0]: submit.path: must be a path below',
    ],
    [
      'a status URL elsewhere',
      { items: [{ id: 'a', attach: { statusUrl: 'https://other.example/a' } }] },
      'InvalidInput',
      'items[0]: attach.statusUrl https://other.example/a refused',
    ],
    [
      'an unknown connection',
      { items: [{ ...A, connection: 'maps' }] },
      'InvalidInput',
      'items[0]: connection "maps" is not in the worker\'s file (it has default)',
    ],
    [
      'an unknown connection for all',
      { items: [A], defaults: { connection: 'maps' } },
      'InvalidInput',
      'items[0]: connection "maps" is not in the worker\'s file',
    ],
    [
      'one idempotency key for all',
      { items: [A], defaults: { submit: { idempotencyKey: 'k' } } },
      'InvalidInput',
      'defaults.submit.idempotencyKey: would be the same for all items',
    ],
    [
      'more than 1 MiB of items',
      { items: items('a', 4, undefined, { submit: { path: '/a', body: big } }) },
      'InvalidInput',
      'must be at most 1048576 bytes of JSON, is 1200181; use a manifest',
    ],
    [
      'large defaults',
      { items: [A], defaults: { submit: { body: 'x'.repeat(17_000) } } },
      'InvalidInput',
      'defaults: must be at most 16384 bytes of JSON, is 17',
    ],
    [
      'a limit that is none',
      { items: [A], maxInFlight: 0, submitsPerSecond: -1, stopAfterFailures: 1.5 },
      'InvalidInput',
      'maxInFlight: must be a whole number >= 1; submitsPerSecond: must be a number > 0; stopAfterFailures: must be a whole number >= 1',
    ],
    ['a condition that says nothing', { items: [A], failWhen: {} }, 'InvalidInput', 'failWhen: must have "failedItems" or "failedPercent"'],
    ['a retry of nothing', { retryOf: {} }, 'InvalidInput', 'retryOf: must name exactly one of "report" and "workflowId"'],
    [
      'a retry of what had succeeded',
      { retryOf: { report: { path: 'r' }, outcomes: ['succeeded'] } },
      'InvalidInput',
      'retryOf.outcomes.0: must be one of failed, uncertain',
    ],
    [
      'a retry of a batch that nobody knows',
      { retryOf: { workflowId: 'no-such-batch' } },
      'InvalidInput',
      'retryOf.workflowId: there is no workflow "no-such-batch"',
    ],
    [
      'a manifest that is not there',
      { manifest: { path: 'none.jsonl' } },
      'FileRefused',
      'manifest none.jsonl: file "none.jsonl" does not exist',
    ],
    [
      'a manifest outside',
      { manifest: { path: '/etc/hostname' } },
      'FileRefused',
      "is not below a folder that the worker's file allows (files.readBelow)",
    ],
    [
      'a manifest on another host',
      { manifest: { url: 'https://other.example/m.jsonl?sig=secret' } },
      'FileRefused',
      "is not on a host that the worker's file allows (files.urlHosts)",
    ],
    ['a manifest of a folder', { manifest: { path: '.' } }, 'FileRefused', 'manifest .:'],
    [
      'a report outside',
      { items: [A], report: { path: '/etc/report.jsonl' } },
      'FileRefused',
      'report: file "/etc/report.jsonl" is not below a folder',
    ],
    [
      'a report where it may only be read',
      { items: [A], report: { url: 'http://127.0.0.1:9/r.jsonl' } },
      'FileRefused',
      "is not in a container that the worker's file allows",
    ],
    ['a report above', { items: [A], report: { path: '../r.jsonl' } }, 'FileRefused', 'a path without ".." is needed'],
  ])('%s', async (_, input, type, message) => {
    expect(await harness.failure(input)).toMatchObject({ type, message: expect.stringContaining(message) });
  });

  test('a report that exists already, which stays as it is', async () => {
    writeFileSync(join(harness.writable, 'old.jsonl'), 'precious');
    const failure = await harness.failure({ items: [A], report: { path: 'old.jsonl' } });
    expect(failure).toMatchObject({ type: 'FileRefused', message: 'report: file "old.jsonl" exists already' });
    expect(harness.written()).toContain('old.jsonl');
  });

  test('a manifest with broken lines, each named by its number', async () => {
    const broken = [
      '\uFEFF' + JSON.stringify(A),
      'no JSON',
      '',
      JSON.stringify({ ...item('b'), lables: {} }),
      JSON.stringify(item('a')),
      JSON.stringify(item('line 9', undefined, { submit: { path: '\\up' } })),
      '"text"',
    ].join('\r\n');
    const failure = await harness.failure({ manifest: harness.manifest(broken, 'broken.jsonl') });
    expect(failure.type).toBe('ManifestInvalid');
    expect(failure.message).toBe(
      'manifest broken.jsonl: 5 of 6 items cannot be run, nothing was submitted: line 2: is not JSON; ' +
        'line 4: lables: is not a known key; did you mean "labels"?; line 5: id: stands in an earlier item, too ("a"); ' +
        'line 6: submit.path: must be a path below the base URL of the connection; line 7: must be an object',
    );
  });

  test('a manifest with many broken lines, of which the first are named', async () => {
    const failure = await harness.failure({ manifest: harness.manifest('?\n'.repeat(1000)) });
    expect(failure.message).toMatch(/1000 of 1000 items.*line 20: is not JSON; and 980 more$/);
  });

  test('a manifest with a line that is too long, at once', async () => {
    const failure = await harness.failure({
      manifest: harness.manifest(JSON.stringify({ ...A, filler: 'x'.repeat(1_100_000) }), 'long.jsonl'),
    });
    expect(failure).toMatchObject({ type: 'ManifestInvalid', message: 'manifest long.jsonl: has a line of more than 1048576 bytes' });
  });

  test('a retry of a file that is no report', async () => {
    const failure = await harness.failure({ retryOf: { report: harness.manifest([A], 'plain.jsonl') } });
    expect(failure).toMatchObject({
      type: 'ManifestInvalid',
      message: expect.stringContaining('line 1: is not a line of a report: it has no outcome'),
    });
  });

  test('a retry of a batch without report', async () => {
    const earlier = await harness.start({ items: [{ ...A, connection: 'none' }] });
    await earlier.failure();
    expect(await harness.failure({ retryOf: { workflowId: earlier.id } })).toMatchObject({
      type: 'InvalidInput',
      message: expect.stringContaining('has written no report (yet)'),
    });
  });
});

describe('is read as it is meant:', () => {
  test('blank lines, a byte order mark, CRLF and a last line without line feed', async () => {
    const text = `\uFEFF${JSON.stringify(item('a'))}\r\n\r\n   \n${JSON.stringify(item('b'))}\r\n\n${JSON.stringify(item('c'))}`;
    const { result, lines } = await harness.reported({ manifest: harness.manifest(text) });
    expect(result.counts).toMatchObject({ total: 3, succeeded: 3 });
    expect(byOutcome(lines)).toEqual({ succeeded: ['a', 'b', 'c'] });
  });

  test.each([
    ['an empty manifest', ''],
    ['a manifest of blank lines', '\n \r\n\n'],
  ])('%s is a batch of nothing, with an empty report', async (_, text) => {
    const { result, lines } = await harness.reported({ manifest: harness.manifest(text) });
    expect(result).toMatchObject({ counts: { total: 0, succeeded: 0 }, itemsPerSecond: 0, firstFailures: [] });
    expect(lines).toEqual([]);
  });

  test('nearly 1 MiB of items', async () => {
    const large = items('a', 4).map((one) => ({ ...one, submit: { ...one.submit!, body: 'x'.repeat(260_000) } }));
    expect(await harness.run({ items: large })).toMatchObject({ counts: { total: 4, succeeded: 4 } });
    expect((await harness.submits()).map(({ bodyBytes }) => bodyBytes)).toEqual(Array(4).fill(260_002));
  });

  test('ids that look like other things', async () => {
    const ids = ['constructor', '__proto__', 'line 1', '"quoted"', 'ü'];
    const odd = ids.map((id, index): BatchItem => ({ ...item(`x${index}`), id }));
    const { lines } = await harness.reported({ manifest: harness.manifest(odd) });
    expect(byOutcome(lines)['succeeded']).toEqual([...ids].sort());
  });

  test('defaults field by field, under the values of each item', async () => {
    await harness.run({
      defaults: {
        submit: {
          path: '/dialects/data-plane/all',
          headers: { 'x-one': 'all', 'x-two': 'all' },
          query: { q: 'all' },
          body: { a: 1, b: { c: 2 } },
        },
      },
      items: [
        { id: 'a' },
        { id: 'b', submit: { path: '/dialects/data-plane/b', headers: { 'x-two': 'own' }, body: { b: { d: 3 } } } },
        { id: 'c', submit: { path: '/dialects/data-plane/c', query: { q: 'own' }, body: [1] } },
      ],
    });
    const [all, b, c] = [(await harness.submits('all'))[0], (await harness.submits('b'))[0], (await harness.submits('c'))[0]];
    expect(all).toMatchObject({ query: 'q=all&api-version=1', headers: { 'x-one': 'all', 'x-two': 'all' } });
    expect(b).toMatchObject({ query: 'q=all&api-version=1', headers: { 'x-one': 'all', 'x-two': 'own' } });
    expect(c).toMatchObject({ query: 'q=own&api-version=1' });
    const inputs = new Map(
      (await harness.emulator.admin.operations()).operations.map((one) => [one.collection, (one.result as { input: unknown }).input]),
    );
    expect(Object.fromEntries(inputs)).toEqual({ '/all': { a: 1, b: { c: 2 } }, '/b': { a: 1, b: { c: 2, d: 3 } }, '/c': [1] });
  });

  test('a body file of an item instead of the body of the defaults, and the other way round', async () => {
    harness.manifest('{"from":"file"}', 'body.json');
    const inputOf = async (id: string) => ((await harness.operation(id)).result as { input: unknown }).input;
    await harness.run({
      defaults: { submit: { path: '/', body: { from: 'defaults' } } },
      items: [item('a', undefined, { submit: { path: '/dialects/data-plane/a', bodyFile: { path: 'body.json' } } }), item('b')],
    });
    expect([await inputOf('a'), await inputOf('b')]).toEqual([{ from: 'file' }, { from: 'defaults' }]);
    await harness.run({
      defaults: { submit: { path: '/', bodyFile: { path: 'body.json' } } },
      items: [item('c', undefined, { submit: { path: '/dialects/data-plane/c', body: 7 } }), item('d')],
    });
    expect([await inputOf('c'), await inputOf('d')]).toEqual([7, { from: 'file' }]);
  });

  test('an item to follow instead of one to submit as the defaults have it', async () => {
    const other = await harness.start({ items: [item('a', HELD)] });
    const { operationId } = await harness.operation('a');
    await harness.finish('a');
    const { lines } = await harness.reported({
      defaults: { submit: { path: '/dialects/data-plane/b' } },
      items: [
        { id: 'followed', attach: { statusUrl: `/dialects/data-plane/operations/${operationId}?api-version=1` } },
        { id: 'submitted' },
      ],
    });
    expect(byOutcome(lines)).toEqual({ succeeded: ['followed', 'submitted'] });
    expect(lines.find(({ id }) => id === 'followed')?.result?.operationId).toBe(operationId);
    expect(await harness.submits()).toHaveLength(2);
    await other.handle.terminate();
  });
});

describe('with skipInvalid broken items are lines of the report, and the others run:', () => {
  const broken = [{ submit: A.submit }, { ...item('b'), lables: {} }, item('a'), 'text', { ...item('c'), connection: 'none' }];

  test('of a manifest', async () => {
    const text = [A, ...broken].map((line) => JSON.stringify(line)).join('\n') + '\nno JSON\n';
    const { result, lines } = await harness.reported({ manifest: harness.manifest(text), skipInvalid: true });
    expect(result.counts).toMatchObject({ total: 7, succeeded: 1, invalid: 6 });
    expect(byOutcome(lines)).toEqual({ succeeded: ['a'], invalid: ['a', 'b', 'c', 'line 2', 'line 5', 'line 7'] });
    expect(lines.find(({ id }) => id === 'c')?.failure).toMatchObject({ type: 'UnknownConnection' });
    expect(await harness.submits()).toHaveLength(1);
  });

  test('of the input, by their places, whatever shard and chunk they are in', async () => {
    const many = items('n', 300);
    const { result, lines } = await harness.reported({ items: [A, ...broken, ...many, 'last'] as BatchItem[], skipInvalid: true });
    expect(result.counts).toMatchObject({ total: 307, succeeded: 301, invalid: 6 });
    expect(byOutcome(lines)['invalid']).toEqual(['a', 'b', 'c', 'items[1]', 'items[306]', 'items[4]']);
    expect(await harness.submits()).toHaveLength(301);
  });

  test('and those that the batch never came to are invalid, too', async () => {
    const { result, lines } = await harness.reported({
      items: [item('first', FAILS), 'text', ...items('n', 2)] as BatchItem[],
      skipInvalid: true,
      stopAfterFailures: 1,
      maxInFlight: 1,
    });
    expect(byOutcome(lines)).toEqual({ failed: ['first'], invalid: ['items[1]'], notStarted: ['n0', 'n1'] });
    expect(result.counts).toMatchObject({ total: 4, failed: 1, invalid: 1, notStarted: 2 });
  });

  test('a batch of broken items only succeeds, and says so', async () => {
    const { result } = await harness.reported({ manifest: harness.manifest('?\n?\n'), skipInvalid: true, report: newReport() });
    expect(result).toMatchObject({
      counts: { total: 2, invalid: 2 },
      firstFailures: [{ id: 'line 1', outcome: 'invalid' }, { id: 'line 2' }],
    });
  });
});

test('a manifest whose host cannot be reached is given up after half a minute, with nothing of its signature said', async () => {
  const { type, message, seconds } = await unreachable;
  expect(type).toBe('FileRefused');
  expect(message).toMatch(/^manifest http:\/\/127\.0\.0\.1:\d+\/items\.jsonl: .*could not be read: /);
  expect(message).not.toContain('secret');
  expect(seconds).toBeLessThan(60);
});
