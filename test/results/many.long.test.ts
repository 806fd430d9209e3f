/** Files of results of batches and chains: a name for each, and none twice. Also in Azure Blob Storage. */
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  RUN_BATCH,
  RUN_CHAIN,
  type BatchInput,
  type BatchResult,
  type ChainInput,
  type ChainResult,
  type ItemReport,
} from '../../src/contract';
import { ACCOUNT_KEY, newContainer, startAzurite } from '../files/azurite';
import { testConfig, temporaryFolder } from '../support/config';
import { startTestHarness, type TestHarness } from '../support/in-process';
import { mebibytes, ResultService, sha256 } from './service';

let service: ResultService;
let harness: TestHarness;
let container: Awaited<ReturnType<typeof newContainer>>;
const folder = join(temporaryFolder(), 'results');

beforeAll(async () => {
  service = await ResultService.start();
  container = await newContainer(await startAzurite(), 'results');
  const blobs = [
    { url: container.url, auth: { type: 'sharedKey', value: { env: 'STORE_KEY' } }, writable: true },
    { url: container.url.replace(/results$/, 'kept'), auth: { type: 'sharedKey', value: { env: 'STORE_KEY' } } },
  ];
  const files = { writeBelow: [folder], blobContainers: blobs };
  const parts = {
    baseUrl: service.url,
    dialect: {
      pollingLocation: '$response.header.Location',
      status: '$response.body#/status',
      succeeded: ['Succeeded'],
      result: '$response.body#/rows',
    },
  };
  const config = testConfig({ default: { baseUrl: service.url }, parts }, { files }, { STORE_KEY: ACCOUNT_KEY });
  harness = await startTestHarness(config, { http: { env: { STORE_KEY: ACCOUNT_KEY } } });
});

afterAll(async () => {
  await harness.close();
  await service.close();
});

const at = (path: string): string => join(folder, path);
const json = (bytes: number) => () => [Buffer.from(JSON.stringify({ status: 'Succeeded', rows: 'x'.repeat(bytes) }))];

async function batch(input: BatchInput): Promise<{ result: BatchResult; lines: Map<string, ItemReport> }> {
  const id = `batch-${randomUUID()}`;
  const report = { path: `${id}.jsonl` };
  const options = { workflowId: id, taskQueue: harness.taskQueue, args: [{ report, ...input }] as [BatchInput] };
  const result = await harness.client.workflow.execute<(input: BatchInput) => Promise<BatchResult>>(RUN_BATCH, options);
  const lines = readFileSync(at(report.path), 'utf8').trim().split('\n');
  return { result, lines: new Map(lines.map((line) => JSON.parse(line) as ItemReport).map((line) => [line.id, line])) };
}

async function chain(input: ChainInput): Promise<ChainResult> {
  const options = { workflowId: `chain-${randomUUID()}`, taskQueue: harness.taskQueue, args: [input] as [ChainInput] };
  return harness.client.workflow.execute<(input: ChainInput) => Promise<ChainResult>>(RUN_CHAIN, options);
}

/** `details[0]` of what a workflow failed with. */
async function failureOf(work: Promise<unknown>): Promise<unknown> {
  const error = (await work.then(
    () => undefined,
    (err: unknown) => err,
  )) as { cause?: { details?: unknown[] } } | undefined;
  return error?.cause?.details?.[0];
}

describe('a batch', () => {
  it('writes each item where its template says, whatever its id is, and the line says where', async () => {
    service.plan('short', { at: 'location', body: json(300_000) });
    service.plan('long', { at: 'resource', body: () => mebibytes(3), contentType: 'application/zip' });
    const items = [
      { id: 'plain', submit: { path: '/submit/short' } },
      { id: 'a/b', submit: { path: '/submit/short' } },
      { id: 'a_b', submit: { path: '/submit/long' } },
      { id: '..', submit: { path: '/submit/long' } },
      { id: 'own', submit: { path: '/submit/short' }, resultFile: { path: 'own/place.json' } },
    ];
    const { result, lines } = await batch({ items, defaults: { resultFile: { path: 'b-{runId}/{id}.out' } } });
    expect(result.counts).toMatchObject({ total: 5, succeeded: 5 });
    const files = items.map(({ id }) => lines.get(id)?.result?.file);
    const [short] = json(300_000)();
    const ofShort = { bytes: short!.length, sha256: sha256([short!]) };
    const ofLong = { bytes: 3 * 1_048_576, sha256: sha256(mebibytes(3)), contentType: 'application/zip' };
    expect(files).toEqual([
      expect.objectContaining({ ...ofShort, path: expect.stringMatching(/^b-[\w-]+\/plain\.out$/) as string }),
      expect.objectContaining({ ...ofShort, path: expect.stringMatching(/\/a_b-[0-9a-f]{16}\.out$/) as string }),
      expect.objectContaining({ ...ofLong, path: expect.stringMatching(/\/a_b\.out$/) as string }),
      expect.objectContaining({ ...ofLong, path: expect.stringMatching(/\/_-[0-9a-f]{16}\.out$/) as string }),
      expect.objectContaining({ ...ofShort, path: 'own/place.json' }),
    ]);
    for (const file of files) expect(sha256([readFileSync(at(file?.path ?? ''))])).toBe(file?.sha256);
    expect(lines.get('plain')?.result).not.toHaveProperty('body');
  });

  it('is refused where two items would write one file, or the worker may write none', async () => {
    service.plan('never', { at: 'submit', body: json(1) });
    const items = ['a', 'b'].map((id) => ({ id, submit: { path: '/submit/never' } }));
    expect(await failureOf(batch({ items, defaults: { resultFile: { path: './same.json' } } }))).toMatchObject({
      type: 'InvalidInput',
      message: 'items[1]: resultFile: an earlier item writes to ./same.json, too',
    });
    const kept = container.url.replace(/results$/, 'kept');
    expect(await failureOf(batch({ items, defaults: { resultFile: { url: `${kept}/{id}` } } }))).toMatchObject({
      message: expect.stringContaining('files.blobContainers, writable') as string,
    });
    expect(service.count('POST /submit/never')).toBe(0);
  });

  it('does not send an item whose file is there already, and replaces nothing', async () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(at('there-a'), 'of last night');
    service.plan('free', { at: 'location', body: json(10) });
    service.plan('taken', { at: 'location', body: json(10) });
    const items = [
      { id: 'a', submit: { path: '/submit/taken' } },
      { id: 'b', submit: { path: '/submit/free' } },
    ];
    const { result, lines } = await batch({ items, defaults: { resultFile: { path: 'there-{id}' } } });
    expect(result.counts).toMatchObject({ succeeded: 1, failed: 1 });
    expect(lines.get('a')?.failure).toMatchObject({ type: 'FileRefused', message: expect.stringContaining('exists already') as string });
    expect(service.count('POST /submit/taken')).toBe(0);
    expect(readFileSync(at('there-a'), 'utf8')).toBe('of last night');
  });
});

describe('a chain', () => {
  it('writes the body of a step where that says', async () => {
    service.plan('step', { at: 'location', body: json(300_000) });
    const resultFile = { path: 'c-{runId}/{step}.json' };
    const steps = ['one', 'two'].map((id) => ({ id, submit: { path: '/submit/step' }, resultFile }));
    const result = await chain({ steps });
    expect(result.steps.map(({ file }) => file?.path?.split('/')[1])).toEqual(['one.json', 'two.json']);
    for (const { file } of result.steps) expect(sha256([readFileSync(at(file?.path ?? ''))])).toBe(sha256(json(300_000)()));
  });

  it.each<[string, ChainInput, RegExp]>([
    [
      'a later step refers to a body that is in a file only',
      {
        steps: [
          { id: 'one', submit: { path: '/submit/step' }, resultFile: { path: 'x.json' } },
          { id: 'two', submit: { path: '/submit/{{steps.one.body.name}}' } },
        ],
      },
      /^steps\.0\.resultFile: a later step refers to the body/,
    ],
    [
      'two steps would write one file',
      { steps: ['one', 'two'].map((id) => ({ id, submit: { path: '/submit/step' }, resultFile: { path: 'same.json' } })) },
      /^step "two": resultFile: step "one" writes to it, too$/,
    ],
  ])('is refused where %s', async (_, input, message) => {
    expect(await failureOf(chain(input))).toMatchObject({ type: 'InvalidInput', message: expect.stringMatching(message) as string });
    expect(existsSync(at('same.json'))).toBe(false);
  });
});

describe('in a blob container', () => {
  it('50 MB stand there whole, and what breaks off leaves nothing', async () => {
    service.plan('blob', { at: 'resource', body: () => mebibytes(50), contentType: 'video/mp4', cuts: [9_000_000] });
    const url = `${container.url}/nightly/{workflowId}.mp4`;
    const id = `blob-${randomUUID()}`;
    const handle = await harness.lro.start({ submit: { path: '/submit/blob' }, resultFile: { url } }, { id });
    const { file } = await handle.result({ timeoutSeconds: 150 });
    const name = `nightly/${id}.mp4`;
    expect(file).toEqual({
      url: `${container.url}/${name}`,
      bytes: 50 * 1_048_576,
      sha256: sha256(mebibytes(50)),
      contentType: 'video/mp4',
    });
    expect(sha256([await container.getBlobClient(name).downloadToBuffer()])).toBe(sha256(mebibytes(50)));
    expect(service.count('GET /resource/blob')).toBe(2);
  });
});

describe('where a dialect says that the result is a part of the answer', () => {
  it('that part is written, and of one that is too long for memory it is said', async () => {
    for (const [name, bytes] of [
      ['part', 300_000],
      ['too-long', 1_500_000],
    ] as const)
      service.plan(name, { at: 'location', body: json(bytes) });
    const run = async (name: string) => {
      const input = { connection: 'parts', submit: { path: `/submit/${name}` }, resultFile: { path: `${name}.json` } };
      return (await harness.lro.start(input, { id: randomUUID() })).result({ timeoutSeconds: 150 });
    };
    expect((await run('part')).file).toMatchObject({ bytes: 300_002, contentType: 'application/json' });
    expect(readFileSync(at('part.json'), 'utf8')).toBe(JSON.stringify('x'.repeat(300_000)));
    const cut = await run('too-long');
    expect(cut).toMatchObject({ truncated: ['body'], missing: { file: expect.stringContaining('"maxBodyBytes"') as string } });
    expect(existsSync(at('too-long.json'))).toBe(false);
  });
});
