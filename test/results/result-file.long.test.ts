/** Operations whose final body goes to a file: where from, where to, and what becomes of it when something is in the way. */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OperationInput, OperationOptions, OperationResult } from '../../src/contract';
import { OperationError } from '../../src/client';
import { heldBytes } from '../files/support';
import { testConfig, temporaryFolder } from '../support/config';
import { eventually } from '../support/eventually';
import { startTestHarness, type TestHarness } from '../support/in-process';
import { mebibytes, ResultService, sha256, type Plan } from './service';

const MAX_RESULT_BYTES = 64 * 1_048_576;

let service: ResultService;
/** Behind a connection that has four requests at once. */
let narrow: ResultService;
let harness: TestHarness;
const folder = join(temporaryFolder(), 'results');

beforeAll(async () => {
  service = await ResultService.start();
  narrow = await ResultService.start();
  const connections = {
    default: { baseUrl: service.url },
    narrow: { baseUrl: narrow.url, limits: { concurrentRequests: 4 } },
  };
  const files = { writeBelow: [folder], maxResultBytes: MAX_RESULT_BYTES };
  harness = await startTestHarness(testConfig(connections, { files }));
});

afterAll(async () => {
  service.release();
  await harness.close();
  await service.close();
  await narrow.close();
});

/** An operation of its own name, with its final body in `<name>.bin`. */
function operation(plan: Plan, more: OperationOptions = {}): { name: string; path: string; input: OperationInput } {
  const name = `r-${randomUUID()}`;
  service.plan(name, plan);
  const path = `${name}.bin`;
  return { name, path, input: { submit: { path: `/submit/${name}` }, resultFile: { path }, ...more } };
}

async function run(input: OperationInput, id: string = randomUUID()): Promise<OperationResult> {
  return (await harness.lro.start(input, { id })).result({ timeoutSeconds: 150 });
}

const at = (path: string): string => join(folder, path);
const json = (bytes: number) => () => [Buffer.from(JSON.stringify({ status: 'Succeeded', rows: 'x'.repeat(bytes) }))];
const leftovers = (): string[] => (existsSync(folder) ? readdirSync(folder) : []).filter((name) => name.endsWith('.tmp'));

describe('the final body is written whole, whatever its size and wherever it stands', () => {
  it.each<[string, Plan]>([
    ['the answer of a Location', { at: 'location', body: json(300_000), contentType: 'application/geo+json; charset=utf-8' }],
    ['the terminal answer of a monitor', { at: 'monitor', body: json(300_000) }],
    ['the terminal answer of a monitor beyond what is kept in memory', { at: 'monitor', body: json(3_000_000) }],
    ['the answer of the final GET', { at: 'resource', body: json(300_000) }],
    ['the answer to the submit', { at: 'submit', body: json(3_000_000) }],
  ])('%s', async (_, plan) => {
    const { path, input } = operation(plan);
    const result = await run(input);
    const [whole = Buffer.alloc(0)] = plan.body();
    const { contentType = 'application/json' } = plan;
    expect(result.file).toEqual({ path, bytes: whole.length, sha256: createHash('sha256').update(whole).digest('hex'), contentType });
    expect(readFileSync(at(path)).equals(whole)).toBe(true);
    expect(result).not.toHaveProperty('body');
    expect(result.truncated).toBeUndefined();
    expect(result.missing).toBeUndefined();
  });

  it('50 MB that are no text, read once, with little memory', async () => {
    let most = 0;
    const before = heldBytes();
    function* watched(): Generator<Buffer> {
      let pieces = 0;
      for (const piece of mebibytes(50)) {
        if (++pieces % 80 === 0) most = Math.max(most, heldBytes() - before);
        yield piece;
      }
    }
    const { name, path, input } = operation({ at: 'location', body: watched, contentType: 'video/mp4' });
    const result = await run(input);
    expect(result.file).toEqual({ path, bytes: 50 * 1_048_576, sha256: sha256(mebibytes(50)), contentType: 'video/mp4' });
    expect(sha256([readFileSync(at(path))])).toBe(sha256(mebibytes(50)));
    expect(service.count(`GET /status/${name}`)).toBe(1);
    expect(service.accepts[`GET /status/${name}`]).toBe('application/json, */*;q=0.9');
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThan(10 * 1_048_576);
  });

  it('of an operation that was started elsewhere', async () => {
    const { name, path } = operation({ at: 'location', body: json(2_000_000) });
    const resultFile = { path: 'attached/{workflowId}-{runId}.json' };
    const handle = await harness.lro.start({ attach: { statusUrl: `${service.url}/status/${name}` }, resultFile }, { id: `at/${name}` });
    const result = await handle.result({ timeoutSeconds: 150 });
    const { runId } = await harness.client.workflow.getHandle(`at/${name}`).describe();
    expect(result.file).toMatchObject({ path: `attached/at_${name}-${runId}.json`, sha256: sha256(json(2_000_000)()) });
    expect(existsSync(at(path))).toBe(false);
  });

  it('a page at a Location, which without a file is a gateway speaking', async () => {
    const { input } = operation({ at: 'location', body: () => [Buffer.from('<!doctype html><p>map</p>')], contentType: 'text/html' });
    expect((await run(input)).file).toMatchObject({ bytes: 25, contentType: 'text/html' });
  });

  it('beside the resource, which is read by the same GET', async () => {
    const { name, input } = operation({ at: 'resource', body: json(10) }, { fetchResource: true });
    const result = await run(input);
    expect(result).toMatchObject({ file: { bytes: json(10)()[0]!.length }, resource: { status: 'Succeeded' } });
    expect(result).not.toHaveProperty('body');
    expect(service.count(`GET /resource/${name}`)).toBe(1);
  });
});

describe('what is in the way', () => {
  it.each<[string, Plan['at'], string]>([
    ['a status answer that breaks off', 'location', 'status'],
    ['a final GET that breaks off', 'resource', 'resource'],
  ])('%s is read again, and only the whole is at its place', async (_, where, place) => {
    const { name, path, input } = operation({ at: where, body: () => mebibytes(4), contentType: 'image/tiff', cuts: [2_500_000] });
    const result = await run(input);
    expect(result.file).toMatchObject({ bytes: 4 * 1_048_576, sha256: sha256(mebibytes(4)) });
    expect(statSync(at(path)).size).toBe(4 * 1_048_576);
    expect(service.count(`GET /${place}/${name}`)).toBe(2);
    expect(leftovers()).toEqual([]);
  });

  it.each<[string, OperationInput['resultFile'], string, RegExp]>([
    ['outside of what may be written', { path: '/etc/lro-result.json' }, 'FileRefused', /resultFile: .*files\.writeBelow/],
    ['that leads upwards', { path: '../result.json' }, 'FileRefused', /without "\.\."/],
    ['that is no store of the worker', { url: 'https://a.blob.core.windows.net/b/c' }, 'FileRefused', /files\.blobContainers/],
    ['that is there already', { path: 'there.json' }, 'FileRefused', /exists already/],
    ['named by an item that there is none of', { path: '{id}.json' }, 'InvalidInput', /\{id\} is known of an item of a batch only/],
    ['with an unknown placeholder', { path: '{operationId}.json' }, 'InvalidInput', /no other placeholders than/],
  ])('a file %s is refused before anything is sent', async (_, resultFile, type, message) => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(at('there.json'), 'of somebody else');
    const { name, input } = operation({ at: 'submit', body: json(10) });
    const refused = await run({ ...input, resultFile }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(OperationError);
    expect(refused).toMatchObject({ details: { type, message: expect.stringMatching(message) as string } });
    expect(service.count(`POST /submit/${name}`)).toBe(0);
    expect(readFileSync(at('there.json'), 'utf8')).toBe('of somebody else');
  });

  it.each<[string, Plan['at']]>([
    ['the last status answer', 'location'],
    ['the final GET', 'resource'],
    ['the answer to the submit', 'submit'],
  ])('a body of %s that is longer than the worker allows leaves the success, what fits, and why', async (_, where) => {
    const { path, input } = operation({ at: where, body: () => mebibytes(65), contentType: 'text/plain' });
    const result = await run(input);
    expect(result).toMatchObject({
      status: 'Succeeded',
      truncated: ['body'],
      missing: { file: expect.stringContaining('files.maxResultBytes') as string },
    });
    expect(result.file).toBeUndefined();
    expect(existsSync(at(path))).toBe(false);
    expect(leftovers()).toEqual([]);
  });

  it('a place that was taken meanwhile leaves the success, the body, and why', async () => {
    const body = (): Buffer[] => {
      mkdirSync(at(path), { recursive: true });
      return json(2_000_000)();
    };
    const { path, input } = operation({ at: 'location', body });
    const result = await run(input);
    expect(result).toMatchObject({ body: { status: 'Succeeded' }, missing: { file: expect.stringContaining('is not a file') as string } });
  });

  it('a cancellation while it is read ends both, and leaves nothing half written', async () => {
    const plan: Plan = { at: 'resource', body: () => mebibytes(8), contentType: 'image/png', stopsAfter: 3_000_000 };
    const { name, path, input } = operation(plan);
    const handle = await harness.lro.start(input, { id: name });
    await eventually(
      () => service.count(`GET /resource/${name}`),
      (reads) => reads === 1,
    );
    await harness.client.workflow.getHandle(name).cancel();
    const result = await handle.result({ timeoutSeconds: 150 });
    expect(result).toMatchObject({ status: 'Succeeded', missing: { file: 'cancelled before it was read' } });
    await eventually(leftovers, (names) => names.length === 0);
    expect(existsSync(at(path))).toBe(false);
  });

  it('a deadline that comes while it is read leaves the success, and why', async () => {
    const plan: Plan = { at: 'resource', body: () => mebibytes(8), contentType: 'image/png', stopsAfter: 3_000_000 };
    const { input } = operation(plan, { deadlineSeconds: 5 });
    const result = await run(input);
    expect(result).toMatchObject({ status: 'Succeeded', missing: { file: 'not read before the deadline' } });
    await eventually(leftovers, (names) => names.length === 0);
  });
});

it('bodies that take long leave room for everything else of their connection', async () => {
  const names = Array.from({ length: 5 }, (_, index) => `long-${index}`);
  for (const name of names) narrow.plan(name, { at: 'resource', body: () => mebibytes(2), contentType: 'image/png', stopsAfter: 100_000 });
  const path = { path: `narrow/{workflowId}.png` };
  const start = (name: string) =>
    harness.lro.start({ connection: 'narrow', submit: { path: `/submit/${name}` }, resultFile: path }, { id: `${name}-${randomUUID()}` });
  const long = await Promise.all(names.map(start));
  const begun = (): number => names.filter((name) => narrow.count(`GET /resource/${name}`) > 0).length;
  await eventually(
    async () => (await Promise.all(long.map((handle) => handle.progress()))).filter(({ phase }) => phase === 'fetching').length,
    (fetching) => fetching === 5,
  );
  narrow.plan('short', { at: 'location', body: json(100) });
  expect((await (await start('short')).result({ timeoutSeconds: 30 })).file).toMatchObject({ contentType: 'application/json' });
  expect(begun()).toBe(1);
  narrow.release();
  for (const handle of long) expect((await handle.result({ timeoutSeconds: 150 })).file).toMatchObject({ bytes: 2_097_152 });
});
