/** `buildTileset`: from wherever its input begins to the tileset, and what it says when a step fails. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ChainError, type BuildTilesetInput, type FailureDetails } from '../../src/client';
import { eventually } from '../support/eventually';
import { described, startChainHarness, type ChainHarness } from './harness';

let harness: ChainHarness;
beforeAll(async () => {
  harness = await startChainHarness();
});
afterEach(async () => {
  await harness.emulator.admin.removeFaults();
  // What a test leaves held would keep the worker from ending until its HTTP timeout.
  await harness.emulator.admin.release();
  await harness.emulator.admin.setDefaults({});
});
afterAll(() => harness.close());

const build = async (input: BuildTilesetInput) => (await harness.lro.buildTileset({ connection: 'maps', ...input })).result();

async function failureOf(input: BuildTilesetInput): Promise<FailureDetails> {
  const error: unknown = await build(input).catch((err: unknown) => err);
  if (!(error instanceof ChainError)) throw new Error(`no ChainError: ${String(error)}`);
  expect(error.type).toBe(error.details.type);
  return error.details;
}

/** What a resource location gives. */
async function read(location: string | undefined): Promise<Record<string, unknown>> {
  const answer = await fetch(`${String(location)}?api-version=2.0`);
  expect(answer.status).toBe(200);
  return (await answer.json()) as Record<string, unknown>;
}

test('a package becomes a tileset by four operations, with their ids, locations, times and descriptions', async () => {
  const path = await harness.addPackage({ facilityName: 'Tower', levelCount: 3 });
  const descriptions = described('whole');
  const result = await build({ package: { path }, descriptions, labels: { campus: '7' } });
  expect(await harness.submits('whole.')).toEqual(['/mapData', '/conversions', '/datasets', '/tilesets']);
  expect(Object.keys(result.made)).toEqual(['upload', 'conversion', 'dataset', 'tileset']);
  expect(result).toMatchObject({ status: 'Succeeded', resourceId: result.made.tileset.resourceId, labels: { campus: '7' } });
  for (const step of result.steps) {
    expect(step).toMatchObject({
      status: 'Succeeded',
      resourceLocation: expect.stringContaining(harness.emulator.url),
      operationId: expect.any(String),
    });
    expect(Date.parse(step.submittedAt!)).toBeGreaterThanOrEqual(Date.parse(result.startedAt));
    expect(Date.parse(step.completedAt)).toBeLessThanOrEqual(Date.parse(result.completedAt));
  }
  expect(result.polls).toBe(result.steps.reduce((sum, { polls }) => sum + polls, 0));
  const tileset = await read(result.made.tileset.resourceLocation);
  expect(tileset).toMatchObject({ datasetId: result.made.dataset!.resourceId, description: 'whole.tileset', levels: [{}, {}, {}] });
  const upload = await read(result.made.upload!.resourceLocation);
  expect(upload['sizeInBytes']).toBe(readFileSync(path).length);
  const posts = await harness.requests('POST');
  const keys = posts.filter(({ query }) => query.includes('whole.')).map(({ headers }) => headers['operation-id']);
  expect(new Set(keys).size).toBe(4);
  expect(keys).not.toContain(undefined);
});

test('it starts wherever its input begins, and makes nothing that is there already', async () => {
  const { made } = await build({ package: { path: await harness.addPackage() } });
  const [udid, conversionId, datasetId, tilesetId] = [made.upload, made.conversion, made.dataset, made.tileset].map(
    (one) => one!.resourceId!,
  );
  const starts: [string, BuildTilesetInput, string[]][] = [
    ['from-upload', { udid }, ['/conversions', '/datasets', '/tilesets']],
    ['from-conversion', { conversionId }, ['/datasets', '/tilesets']],
    ['from-dataset', { datasetId }, ['/tilesets']],
    ['from-tileset', { datasetId, tilesetId, routeset: true }, ['/routesets']],
  ];
  for (const [name, input, paths] of starts) {
    const result = await build({ ...input, descriptions: described(name) });
    expect(await harness.submits(`${name}.`)).toEqual(paths);
    expect(result.steps).toHaveLength(paths.length);
    expect(result.made.tileset.resourceId).toEqual(expect.any(String));
  }
});

test('the building is added to another dataset, and a routeset made of what comes out', async () => {
  const base = await build({ package: { path: await harness.addPackage({ facilityName: 'Old' }) } });
  const appendTo = base.made.dataset!.resourceId!;
  const descriptions = described('appended');
  const configuration = { layers: ['room'] };
  const input = {
    package: { path: await harness.addPackage({ facilityName: 'New' }) },
    dataset: { appendTo },
    routeset: true,
    descriptions,
  };
  const result = await build({ ...input, tileset: { configuration } });
  expect(await harness.submits('appended.')).toEqual(['/mapData', '/conversions', '/datasets', '/tilesets', '/routesets']);
  expect(await read(result.made.dataset!.resourceLocation)).toMatchObject({
    datasetSources: { appendDatasetId: appendTo, conversionIds: [result.made.conversion!.resourceId] },
    facilities: [{ name: 'Old' }, { name: 'New' }],
  });
  expect(await read(result.made.routeset!.resourceLocation)).toMatchObject({ datasetId: result.made.dataset!.resourceId });
});

test.each<[string, BuildTilesetInput, RegExp]>([
  ['no beginning', {}, /must have exactly one of "package", "udid", "conversionId", "datasetId"/],
  ['two beginnings', { udid: 'u', datasetId: 'd' }, /must have exactly one of/],
  ['a misspelt field', { conversionID: 'c' } as BuildTilesetInput, /conversionID: is not a known key; did you mean "conversionId"\?/],
  ['a tileset to start from where nothing is left to do', { datasetId: 'd', tilesetId: 't' }, /tilesetId: goes with/],
  ['an unknown connection', { connection: 'mops', udid: 'u' }, /connection "mops" is not in the worker's file/],
])('an input with %s is refused, and nothing is sent', async (_, input, message) => {
  const before = await harness.requests('POST');
  expect((await failureOf(input)).message).toMatch(message);
  expect(await harness.requests('POST')).toHaveLength(before.length);
});

test('a package that is not there is refused before anything is sent, and the step is named', async () => {
  const before = await harness.requests('POST');
  const failure = await failureOf({ package: { path: `${harness.folder}/none.zip` } });
  expect(failure).toMatchObject({ type: 'FileRefused', step: 'upload', message: expect.stringMatching(/step "upload": .*none\.zip/) });
  expect(await harness.requests('POST')).toHaveLength(before.length);
});

test('a package that changes while its upload waits to be tried again is not sent', async () => {
  const path = await harness.addPackage();
  const busy = { httpStatus: 429, headers: { 'retry-after': '1' }, body: {} };
  await harness.emulator.admin.addFault({ match: { method: 'POST', path: '^/mapData$' }, action: { answer: busy } });
  const handle = await harness.lro.buildTileset({ connection: 'maps', package: { path }, descriptions: described('changed') });
  await harness.emulator.admin.waitForRequests({ method: 'POST', query: 'changed', answered: true });
  writeFileSync(path, 'something else');
  await expect(handle.result()).rejects.toMatchObject({
    type: 'StepFailed',
    details: {
      step: 'upload',
      cause: { type: 'FileRefused' },
      message: expect.stringMatching(/has changed since it was looked at first/),
      made: {},
    },
  });
  expect(await harness.submits('changed.')).toEqual(['/mapData']);
});

test('a failed step is named with the deepest words of the service and what was made before; a new run goes on from there', async () => {
  const broken = await harness.addPackage({ broken: 'unknownLayer' });
  const descriptions = described('broken');
  const failure = await failureOf({ package: { path: broken }, descriptions, routeset: true, labels: { building: '3' } });
  expect(failure).toMatchObject({
    type: 'StepFailed',
    step: 'conversion',
    labels: { building: '3' },
    message: expect.stringMatching(/^step "conversion" \(POST \/conversions · maps\) failed: .*NO-SUCH-LAYER/),
    cause: { type: 'OperationFailed', error: { code: 'dwgConversionProblem' } },
    operationId: expect.any(String),
    made: { upload: { resourceId: expect.any(String), resourceLocation: expect.any(String) } },
    // What is wrong is the package: it is mended, and uploaded anew.
    resumeFrom: { connection: 'maps', package: { path: broken }, routeset: true, descriptions, labels: { building: '3' } },
  });
  // The dataset fails once; then the run that goes on makes the rest.
  await harness.emulator.admin.addFault({
    match: { method: 'POST', path: '^/datasets$' },
    action: { answer: { httpStatus: 400, body: { error: { code: 'BadRequest', message: 'not today' } } } },
  });
  const good = described('resumed');
  const stopped = await failureOf({ package: { path: await harness.addPackage() }, descriptions: good });
  expect(stopped).toMatchObject({
    step: 'dataset',
    httpStatus: 400,
    cause: { type: 'SubmissionRejected' },
    resumeFrom: { conversionId: expect.any(String) },
  });
  const result = await build(stopped.resumeFrom as BuildTilesetInput);
  expect(result.made.conversion).toEqual({ resourceId: stopped.made!['conversion']!.resourceId });
  expect(await harness.submits('resumed.')).toEqual(['/mapData', '/conversions', '/datasets', '/datasets', '/tilesets']);
});

test('a chain of any operations goes on from what its failure says, too', async () => {
  const step = (id: string, query: Record<string, string>, path = '/mapData') => ({
    id,
    submit: { path, query, ...(path === '/mapData' ? { body: { type: 'FeatureCollection' } } : {}) },
  });
  const steps = [
    step('one', { dataFormat: 'geojson', description: 'generic.one' }),
    step('two', { udid: '{{steps.one.resourceId}}', description: 'generic.two' }, '/conversions'),
  ];
  const first: unknown = await (await harness.lro.runChain({ connection: 'maps', steps })).result().catch((err: unknown) => err);
  // GeoJSON cannot be converted: the service rejects the second step, however often.
  expect(first).toMatchObject({
    type: 'StepFailed',
    details: { step: 'two', resumeFrom: { made: { one: { resourceId: expect.any(String) } } } },
  });
  const { resumeFrom } = (first as ChainError).details;
  const second: unknown = await (await harness.lro.runChain(resumeFrom as never)).result().catch((err: unknown) => err);
  expect(second).toMatchObject({ type: 'StepFailed', details: { step: 'two' } });
  expect(await harness.submits('generic.one')).toHaveLength(1);
  expect(await harness.submits('generic.two')).toHaveLength(2);
});

describe('cleanup', () => {
  test('"onFailure" deletes what the run has made, the last first, and never what it was given', async () => {
    const { made } = await build({ package: { path: await harness.addPackage() } });
    const given = made.upload!;
    await harness.emulator.admin.addFault({
      match: { method: 'POST', path: '^/tilesets$' },
      action: { answer: { httpStatus: 400, body: {} } },
    });
    const failure = await failureOf({ udid: given.resourceId!, cleanup: 'onFailure', descriptions: described('cleaned') });
    expect(failure).toMatchObject({
      step: 'tileset',
      message: expect.stringContaining('what it had made was deleted'),
      made: { upload: { resourceId: given.resourceId } },
      cleanup: [
        { step: 'dataset', deleted: true },
        { step: 'conversion', deleted: true },
      ],
      resumeFrom: { udid: given.resourceId },
    });
    const deleted = await harness.requests('DELETE');
    expect(deleted.slice(-2).map(({ path }) => path.split('/')[1])).toEqual(['datasets', 'conversions']);
    await read(given.resourceLocation);
    for (const { resourceLocation } of failure.cleanup!) expect((await fetch(`${resourceLocation}?api-version=2.0`)).status).toBe(404);
  });

  test('what cannot be deleted is said', async () => {
    const path = await harness.addPackage({ broken: 'missingDwg' });
    const answer = { httpStatus: 403, body: { error: { code: 'Forbidden', message: 'it is locked' } } };
    await harness.emulator.admin.addFault({ match: { method: 'DELETE' }, times: 0, action: { answer } });
    const failure = await failureOf({ package: { path }, cleanup: 'onFailure' });
    const [left] = failure.cleanup!;
    expect(left).toMatchObject({ step: 'upload', deleted: false, reason: expect.stringMatching(/403.*it is locked/) });
    expect(failure.message).toContain(left!.resourceLocation);
  });
});

describe('cancelled', () => {
  test('the open step is cancelled at the service, and the memo and the error say what was made', async () => {
    await harness.emulator.admin.addFault({ match: { method: 'GET', path: '^/datasets/operations/' }, times: 0, holdUntilReleased: true });
    const input = { connection: 'maps', package: { path: await harness.addPackage() }, descriptions: described('cancelled') };
    const since = (await harness.emulator.admin.requests()).at(-1)?.seq ?? 0;
    const handle = await harness.lro.buildTileset({ ...input, cancel: { path: '{statusPath}:cancel' } });
    await harness.emulator.admin.waitForRequests({ method: 'GET', path: '^/datasets/operations/', since });
    // The emulator would end it by itself otherwise.
    const { operations } = await harness.emulator.admin.operations();
    await harness.emulator.admin.changeOperation(operations.at(-1)!.operationId, { hold: true });
    await handle.cancel();
    const released = setInterval(() => void harness.emulator.admin.release(), 200);
    const error: unknown = await handle.result().catch((err: unknown) => err);
    clearInterval(released);
    expect(error).toMatchObject({
      name: 'ChainCancelledError',
      details: { type: 'OperationCanceled', step: 'dataset', made: { conversion: {} }, resumeFrom: { conversionId: expect.any(String) } },
    });
    const { memo } = await harness.client.workflow.getHandle(handle.id).describe();
    expect(memo).toMatchObject({
      step: 'dataset',
      cancel: expect.stringContaining('was canceled at the service'),
      made: { upload: expect.any(String) },
    });
    expect(await harness.submits('cancelled.')).toEqual(['/mapData', '/conversions', '/datasets']);
    expect((await handle.progress()).steps.map(({ phase }) => phase)).toEqual(['succeeded', 'succeeded', 'canceled', 'notStarted']);
  });

  test('with "onFailure" what it has made is deleted', async () => {
    await harness.emulator.admin.setDefaults({ hold: true });
    const { udid, ...rest } = { udid: (await uploaded()).resourceId!, cleanup: 'onFailure' as const };
    await harness.emulator.admin.setDefaults({});
    const handle = await harness.lro.buildTileset({ connection: 'maps', udid, ...rest, descriptions: described('undone') });
    await harness.emulator.admin.addFault({
      match: { method: 'POST', path: '^/tilesets$' },
      times: 0,
      action: { answer: { httpStatus: 429, headers: { 'retry-after': '1' } } },
    });
    await harness.emulator.admin.waitForRequests({ method: 'POST', query: 'undone.tileset', answered: true });
    await handle.cancel();
    await expect(handle.result()).rejects.toMatchObject({
      details: { step: 'tileset', cleanup: [{ step: 'dataset' }, { step: 'conversion' }] },
    });
  });

  async function uploaded() {
    await harness.emulator.admin.setDefaults({});
    return (await build({ package: { path: await harness.addPackage() } })).made.upload!;
  }
});

test("the deadline is the whole chain's", async () => {
  await harness.emulator.admin.addFault({
    match: { method: 'POST', path: '^/conversions$' },
    times: 0,
    action: { answer: { httpStatus: 429, headers: { 'retry-after': '1' } } },
  });
  const failure = await failureOf({ package: { path: await harness.addPackage() }, deadlineSeconds: 3 });
  expect(failure).toMatchObject({
    type: 'StepFailed',
    step: 'conversion',
    cause: { type: 'DeadlineExceeded' },
    resumeFrom: { udid: expect.any(String) },
  });
});

test('progress tells of every step, and operators see it without opening a payload', async () => {
  await harness.emulator.admin.addFault({
    match: { method: 'POST', path: '^/conversions$' },
    action: { changeHeaders: { set: { 'retry-after': '3600' } } },
  });
  const handle = await harness.lro.buildTileset({ connection: 'maps', package: { path: await harness.addPackage() } });
  const progress = await eventually(
    () => handle.progress(),
    ({ step, steps }) => step === 'conversion' && steps.some(({ phase }) => phase === 'waiting'),
  );
  expect(progress).toMatchObject({
    phase: 'running',
    steps: [
      { id: 'upload', title: 'POST /mapData · maps', phase: 'succeeded', resourceLocation: expect.any(String) },
      { id: 'conversion', phase: 'waiting', operationId: expect.any(String), nextPollAt: expect.any(String) },
      { id: 'dataset', phase: 'notStarted', polls: 0 },
      { id: 'tileset', phase: 'notStarted', polls: 0 },
    ],
  });
  const workflow = harness.client.workflow.getHandle(handle.id);
  const metadata: { currentDetails?: string } = await workflow.query('__temporal_workflow_metadata');
  expect(metadata.currentDetails).toMatch(/^\d\. conversion: waiting, /m);
  await handle.pollNow();
  await handle.result();
  const { events } = await workflow.fetchHistory();
  const summaries = (events ?? []).flatMap(({ userMetadata }) =>
    userMetadata?.summary?.data ? [Buffer.from(userMetadata.summary.data).toString()] : [],
  );
  expect(summaries).toEqual(expect.arrayContaining(['"conversion: POST /conversions · maps"', '"tileset: POST /tilesets · maps"']));
  const { typedSearchAttributes } = await workflow.describe();
  const attributes = Object.fromEntries(typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]));
  expect(attributes).toMatchObject({ LroStatus: 'Succeeded', LroConnection: 'maps' });
});

describe('real packages', () => {
  const DATA = resolve(process.env['LRO_PACKAGES'] ?? resolve(__dirname, '../../../shared/data'));
  const packages = ['contoso-drawing-package-1.0.zip', 'contoso-drawing-package-2.0.zip'].map((name) => ({
    name,
    path: `${DATA}/${name}`,
  }));
  for (const { name, path } of packages) {
    const isThere = existsSync(path);
    if (!isThere) console.warn(`${name} does not go through the chain: it is not in ${DATA} (LRO_PACKAGES names another folder)`);
    (isThere ? test : test.skip)(`${name} goes through the whole chain`, async () => {
      const result = await build({ package: { path: harness.addFile(name, readFileSync(path)) } });
      const tileset = await read(result.made.tileset.resourceLocation);
      expect((tileset['levels'] as unknown[]).length).toBeGreaterThan(0);
      // It was made of this very package.
      const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
      const dataset = await read(result.made.dataset!.resourceLocation);
      expect(dataset['facilities']).toMatchObject([{ packageSha256: sha256, udid: result.made.upload!.resourceId }]);
      expect((await read(result.made.upload!.resourceLocation))['sizeInBytes']).toBe(readFileSync(path).length);
    });
  }
});
