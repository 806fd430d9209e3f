/** References between the steps of a chain: what they become, and what is refused before anything is sent. */
import { ChainError, type ChainInput, type ChainStep } from '../../src/client';
import { startChainHarness, type ChainHarness } from './harness';

let harness: ChainHarness;
beforeAll(async () => {
  harness = await startChainHarness();
});
afterAll(() => harness.close());

async function refusal(input: ChainInput): Promise<{ type: string; message: string }> {
  const before = await harness.requests('POST');
  const error: unknown = await (await harness.lro.runChain(input)).result().catch((err: unknown) => err);
  expect(error).toBeInstanceOf(ChainError);
  expect(await harness.requests('POST')).toHaveLength(before.length);
  return (error as ChainError).details;
}

const first: ChainStep = {
  id: 'first',
  submit: { path: '/mapData', query: { dataFormat: 'geojson' }, body: { type: 'FeatureCollection' } },
};
const second = (query: Record<string, string>): ChainStep => ({ id: 'second', submit: { path: '/conversions', query } });

test.each<[string, ChainStep[], RegExp]>([
  [
    'to a step that the chain does not have',
    [first, second({ udid: '{{steps.frist.resourceId}}' })],
    /steps\.1\.submit\.query\.udid: \{\{steps\.frist\.resourceId\}\} names a step that the chain does not have/,
  ],
  ['to a later step', [second({ udid: '{{steps.first.resourceId}}' }), first], /names a step that does not come before it/],
  ['to the step itself', [second({ udid: '{{steps.second.resourceId}}' })], /names a step that does not come before it/],
  [
    'to a field that no step has',
    [first, second({ udid: '{{steps.first.id}}' })],
    /unknown field \(known: resourceId, resourceLocation, operationId, body\)/,
  ],
  ['that is none', [first, second({ udid: '{{first}}' })], /\{\{first\}\} is not a reference/],
  ['into an id', [first, second({ udid: '{{steps.first.resourceId.x}}' })], /resourceId has no parts/],
])('a reference %s is refused, and nothing is sent', async (_, steps, message) => {
  expect(await refusal({ steps })).toMatchObject({ type: 'InvalidInput', message: expect.stringMatching(message) });
});

test.each<[string, unknown, RegExp]>([
  ['a step id that stands twice', { steps: [first, first] }, /steps\.1\.id: stands in an earlier step, too/],
  ['an unknown field of a step', { steps: [{ ...first, sumbit: {} }] }, /steps\.0\.sumbit: is not a known key; did you mean "submit"\?/],
  [
    'an unknown field of the chain',
    { steps: [first], deadlineSecond: 3 },
    /deadlineSecond: is not a known key; did you mean "deadlineSeconds"\?/,
  ],
  ['something made by a step that is not there', { steps: [first], made: { other: {} } }, /made\.other: the chain has no such step/],
  ['a chain that is made whole', { steps: [first], made: { first: {} } }, /there is nothing left to do/],
  [
    'mistakes of any step',
    { steps: [first, { id: 'second', submit: { path: '/conversions#x' } }] },
    /step "second": submit\.path: must be a path below the base URL/,
  ],
])('%s is refused, and nothing is sent', async (_, input, message) => {
  expect(await refusal(input as ChainInput)).toMatchObject({ type: 'InvalidInput', message: expect.stringMatching(message) });
});

test('a step of an unknown connection is refused before the first one is sent', async () => {
  const failure = await refusal({ steps: [first, { ...second({ udid: '{{steps.first.resourceId}}' }), connection: 'mops' }] });
  expect(failure).toMatchObject({
    type: 'UnknownConnection',
    message: expect.stringContaining('step "second": connection "mops"'),
    step: 'second',
  });
});

test('ids, locations and parts of bodies reach the later steps: as texts, as values, and encoded where they stand in a path', async () => {
  const { url } = await harness.emulator.admin.addScript({
    name: 'made',
    routes: [
      {
        method: 'POST',
        path: '/first',
        answers: [
          {
            httpStatus: 200,
            headers: { 'resource-location': '{base}/things/a%20b' },
            body: { operationId: 'op-1', status: 'Succeeded', made: [{ name: 'x/y?z', count: 3 }] },
          },
        ],
      },
      { method: 'PUT', path: '/things/a%20b', answers: [{ httpStatus: 200, body: { status: 'Succeeded' } }] },
      {
        method: 'POST',
        path: '/by-name/x%2Fy%3Fz',
        answers: [{ httpStatus: 200, body: { status: 'Succeeded', operationId: 'op-3' } }],
      },
    ],
  });
  const base = new URL(url).pathname;
  const handle = await harness.lro.runChain({
    connection: 'maps',
    steps: [
      { id: 'first', submit: { path: `${base}/first` } },
      {
        id: 'second',
        submit: {
          method: 'PUT',
          path: '{{steps.first.resourceLocation}}',
          body: {
            count: '{{steps.first.body.made.0.count}}',
            text: 'op {{steps.first.operationId}} made {{steps.first.body.made.0.count}}',
          },
          headers: { 'x-first': '{{steps.first.resourceId}}' },
        },
      },
      { id: 'third', submit: { path: `${base}/by-name/{{steps.first.body.made.0.name}}` } },
    ],
  });
  const result = await handle.result();
  const puts = await harness.requests('PUT');
  expect(puts).toHaveLength(1);
  expect(puts[0]).toMatchObject({ path: `${base}/things/a%20b`, headers: { 'x-first': 'a b' } });
  expect(result).toMatchObject({
    status: 'Succeeded',
    operationId: 'op-3',
    made: { first: { resourceId: 'a b', operationId: 'op-1', body: { made: [{ count: 3 }] } }, third: { operationId: 'op-3' } },
    steps: [{ id: 'first' }, { id: 'second' }, { id: 'third' }],
  });
  expect(result.made['second']).not.toHaveProperty('body');
});

test('a chain ends at the step whose path an id of the service would lead elsewhere; nothing of it is sent', async () => {
  const { url } = await harness.emulator.admin.addScript({
    name: 'upwards',
    routes: [{ method: 'POST', path: '/first', answers: [{ httpStatus: 200, body: { operationId: '..', status: 'Succeeded' } }] }],
  });
  const base = new URL(url).pathname;
  const steps: ChainStep[] = [
    { id: 'first', submit: { path: `${base}/first` } },
    { id: 'second', submit: { method: 'DELETE', path: `${base}/things/{{steps.first.operationId}}/keys` } },
  ];
  const handle = await harness.lro.runChain({ connection: 'maps', steps });
  await expect(handle.result()).rejects.toMatchObject({
    type: 'StepFailed',
    details: { step: 'second', cause: { type: 'InvalidInput', message: expect.stringContaining('submit.path: must not have') } },
  });
  expect(await harness.requests('DELETE')).toEqual([]);
});

test('a reference to something that its step did not give ends the chain at the step that needs it', async () => {
  const steps: ChainStep[] = [first, second({ udid: '{{steps.first.body.properties.udid}}' })];
  const handle = await harness.lro.runChain({ connection: 'maps', steps });
  await expect(handle.result()).rejects.toMatchObject({
    type: 'StepFailed',
    details: {
      step: 'second',
      message: expect.stringContaining('{{steps.first.body.properties.udid}}: step "first" has given no body.properties.udid'),
      cause: { type: 'InvalidInput' },
      made: { first: { resourceId: expect.any(String) } },
    },
  });
});
