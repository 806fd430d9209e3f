/**
 * The seed document's examples as a test table: "Creator Long-Running Operation API V2", as quoted in protocol.md section 1.
 * Every answer is as the document prints it; what the workflow returns is what the document promises.
 */
import { accepted, calls, startScriptedService, type ScriptedService } from './service';

let service: ScriptedService;

beforeAll(async () => {
  service = await startScriptedService({ query: { 'api-version': '2.0' } });
});

afterAll(() => service.close());

const operationId = 'c587574e-add9-4ef7-9788-1635harness9a87e';
const created = '3/11/2020 8:45:13 PM +00:00';
const running = { operationId, created, status: 'Running' };
const path = `/tilesets/operations/${operationId}`;
const statusUrl = `{base}${path}?api-version=2.0`;
const succeeded = { operationId, created: '2021-05-06T07:55:19.5256829+00:00', status: 'Succeeded' };

test.concurrent('202 names the status URL in Operation-Location, printed with a trailing blank', async () => {
  const ended = await service.run({
    'POST /things': [
      { httpStatus: 202, headers: { 'Operation-Location': `${statusUrl} `, 'Access-Control-Expose-Headers': 'Operation-Location' } },
    ],
    [`GET ${path}`]: [
      { headers: { 'Retry-After': '0' }, body: { ...running, status: 'NotStarted' } },
      { body: running, headers: { 'Retry-After': '0' } },
      { body: succeeded },
    ],
  });
  expect(ended.result).toMatchObject({ status: 'Succeeded', operationId, polls: 3, statusUrl: `${ended.base}${path}?api-version=2.0` });
  expect(calls(ended)).toEqual(['POST /things', `GET ${path}`, `GET ${path}`, `GET ${path}`]);
});

test.concurrent('202 names the status URL in Location, as the prose and V1 have it', async () => {
  const ended = await service.run({
    'POST /things': accepted({ Location: statusUrl }),
    [`GET ${path}`]: [{ body: running, headers: { 'Retry-After': '0' } }, { body: succeeded }],
  });
  expect(ended.result).toMatchObject({ status: 'Succeeded', operationId, polls: 2 });
});

test.concurrent('the submit and every poll carry the api-version', async () => {
  const ended = await service.run({
    'POST /things': accepted({ 'Operation-Location': `{base}${path}` }),
    [`GET ${path}`]: [{ body: succeeded }],
  });
  expect(ended.requests.map(({ query }) => query)).toEqual(['api-version=2.0', 'api-version=2.0']);
});

test.concurrent.each([
  ['3/11/2020 8:45:13 PM +00:00', '2020-03-11T20:45:13.000Z'],
  ['2021-05-06T07:55:19.5256829+00:00', '2021-05-06T07:55:19.525Z'],
])('created %s is reported as ISO 8601 UTC beside its text', async (createdText, iso) => {
  const ended = await service.run({
    'POST /things': accepted({ 'Operation-Location': statusUrl }),
    [`GET ${path}`]: [{ body: { ...succeeded, created: createdText } }],
  });
  expect(ended.result).toMatchObject({ created: iso, createdText });
});

test.concurrent('created in a third format fails nothing', async () => {
  const ended = await service.run({
    'POST /things': accepted({ 'Operation-Location': statusUrl }),
    [`GET ${path}`]: [{ body: { ...succeeded, created: 'a while ago' } }],
  });
  expect(ended.result).toMatchObject({ status: 'Succeeded', createdText: 'a while ago' });
  expect(ended.result).not.toHaveProperty('created');
});

test.concurrent('"Status: 200 OK, Retry-After: 30, Running": the next poll is 30 s later', async () => {
  const id = `retry-after-${service.harness.taskQueue}`;
  await service.emulator.admin.addScript({
    name: id,
    routes: [
      { method: 'POST', path: '/tilesets', answers: [{ httpStatus: 202, headers: { 'Operation-Location': `${statusUrl} ` } }] },
      { path, answers: [{ headers: { 'Retry-After': '30' }, body: running }, { body: succeeded }] },
    ],
  });
  const operation = await service.harness.lro.start({ connection: 'maps', submit: { path: `/scripts/${id}/tilesets` } }, { id });
  const [poll] = await service.emulator.admin.waitForRequests({ path: `${id}${path}`, answered: true });
  let progress = await operation.progress();
  // The answer is on its way to the workflow.
  while (progress.phase !== 'waiting' || progress.polls === 0) progress = await operation.progress();
  expect(progress).toMatchObject({ status: 'Running', polls: 1, operationId });
  const waits = Date.parse(progress.nextPollAt ?? '') - (poll?.answeredAtMs ?? Infinity);
  expect(waits).toBeGreaterThanOrEqual(29_999);
  expect(waits).toBeLessThan(40_000);
  await operation.pollNow();
  expect(await operation.result()).toMatchObject({ status: 'Succeeded', polls: 2 });
});

test.concurrent('Resource-Location is printed inside quotes, and returned without', async () => {
  const ended = await service.run({
    'POST /things': accepted({ 'Operation-Location': statusUrl }),
    [`GET ${path}`]: [{ headers: { 'Resource-Location': '"https://atlas.microsoft.com/tileset/{tileset-id}"' }, body: succeeded }],
  });
  expect(ended.result).toMatchObject({ status: 'Succeeded', resourceId: '{tileset-id}', body: succeeded });
  expect(decodeURI(ended.result?.resourceLocation ?? '')).toBe('https://atlas.microsoft.com/tileset/{tileset-id}');
});

test.concurrent('a submit that does not pass validation is 400, the body says why, and nothing is asked again', async () => {
  const body = {
    error: { code: 'BadRequest', message: 'Bad Request - one or more parameters were incorrectly specified.', target: 'datasetId' },
  };
  const ended = await service.run({ 'POST /things': [{ httpStatus: 400, body }] });
  expect(ended.error).toMatchObject({ type: 'SubmissionRejected', details: { httpStatus: 400, error: body.error } });
  expect(ended.error?.message).toContain('one or more parameters were incorrectly specified');
  expect(calls(ended)).toEqual(['POST /things']);
});

test.concurrent('Failed carries an OData error: all of it is kept, and its deepest text is the message', async () => {
  const error = {
    code: 'InvalidDwgPackage',
    details: [
      {
        code: 'ConversionFailed',
        details: [{ code: 'ManifestError', message: 'drawing "Floor 2.dwg" has no layer WALLS', target: 'manifest.json' }],
      },
    ],
    innererror: { traceId: '00-11' },
  };
  const ended = await service.run({
    'POST /things': accepted({ 'Operation-Location': statusUrl }),
    [`GET ${path}`]: [{ body: { operationId, created, status: 'Failed', error } }],
  });
  expect(ended.error).toMatchObject({
    type: 'OperationFailed',
    message: `operation ${operationId} failed: ManifestError: drawing "Floor 2.dwg" has no layer WALLS`,
    details: { operationId, statusUrl: `${ended.base}${path}?api-version=2.0`, error, httpStatus: 200 },
  });
});

test.concurrent('details may be one object instead of a list', async () => {
  const error = { code: 'A', message: 'outer', details: { code: 'B', message: 'inner' } };
  const ended = await service.run({
    'POST /things': accepted({ 'Operation-Location': statusUrl }),
    [`GET ${path}`]: [{ body: { operationId, status: 'Failed', error } }],
  });
  expect(ended.error).toMatchObject({
    type: 'OperationFailed',
    message: `operation ${operationId} failed: A: outer → B: inner`,
    details: { error },
  });
});

test.concurrent('success may carry a warning and undeclared fields: both are kept', async () => {
  const body = {
    ...succeeded,
    warning: { code: 'DwgWarning', details: [{ code: 'UnitWithoutDoor', message: 'unit 7 has no door' }] },
    properties: { diagnosticPackageLocation: 'https://atlas.microsoft.com/mapData/ce61c3c1' },
  };
  const ended = await service.run({ 'POST /things': accepted({ 'Operation-Location': statusUrl }), [`GET ${path}`]: [{ body }] });
  expect(ended.result).toMatchObject({ warning: body.warning, body });
});

test.concurrent('an upload may be answered with 200, a terminal status and Resource-Location at once', async () => {
  const ended = await service.run({
    'POST /things': [{ headers: { 'Resource-Location': '"{base}/mapData/metadata/25084fb7"' }, body: succeeded }],
  });
  expect(ended.result).toMatchObject({
    status: 'Succeeded',
    operationId,
    polls: 0,
    resourceId: '25084fb7',
    resourceLocation: `${ended.base}/mapData/metadata/25084fb7`,
  });
  expect(ended.result).not.toHaveProperty('statusUrl');
  expect(calls(ended)).toEqual(['POST /things']);
});

test.concurrent('an upload may also fail at once', async () => {
  const ended = await service.run({
    'POST /things': [{ body: { ...succeeded, status: 'Failed', error: { code: 'A', message: 'not a zip' } } }],
  });
  expect(ended.error).toMatchObject({ type: 'OperationFailed', message: `operation ${operationId} failed: A: not a zip` });
});
