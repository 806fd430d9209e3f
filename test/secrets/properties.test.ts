/**
 * Secrets of 8 to 16,384 characters that a service sends back in every part of its answers, in encodings drawn at random: no 16 characters of them
 * are in histories, memos, progress, report, log or metrics. `LRO_LONG=1`: more secrets and encodings.
 */
import { createHash, randomInt, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import fc from 'fast-check';
import { RUN_BATCH, RUN_OPERATION, type BatchInput, type BatchResult, type OperationInput } from '../../src/contract';
import { findFreePorts } from '../../src/devserver/free-ports';
import { BY_CHARACTER } from '../support/encodings';
import { temporaryFolder, writeConfig, type ConnectionYaml } from '../support/config';
import { sharedAddress } from '../support/in-process';
import { startWorkerProcess } from '../support/programs';
import { everythingOf } from './everything';
import { Haystack, tracesOf } from './traces';

const IS_LONG = process.env['LRO_LONG'] === '1';
const SEED = Number(process.env['LRO_SEED'] ?? randomInt(2 ** 31));
jest.setTimeout(300_000);

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=.~:;,!?@#$*()[]{}|^`<>"\' -_';
const LENGTHS = [8, 11, 15, 16, 17, 40, 300, 2000, 8000, 16_384];
const ENCODINGS: Record<string, (text: string) => string> = {
  ...BY_CHARACTER,
  base64: (text) => Buffer.from(text).toString('base64'),
  'base64 of more': (text) => Buffer.from(`x:${text}:y`).toString('base64url'),
  hex: (text) => Buffer.from(text).toString('hex'),
};
/** Larger ones would be answers of megabytes, which is another test's subject. */
const MAX_WRITTEN_CHARS = 200_000;
/** Of a value in a header or URL. */
const MAX_HEADER_CHARS = 3000;

interface Case {
  secret: string;
  encodings: readonly string[];
  written: string;
}

function secretOf(seed: number, chars: number): string {
  let text = '';
  for (let block = 0; text.length < chars; block++) {
    text += Array.from(createHash('sha512').update(`${seed}-${block}`).digest(), (byte) => ALPHABET[byte % ALPHABET.length]).join('');
  }
  // Blanks at its ends are not part of a secret.
  return text.slice(0, chars).replace(/^ | $/g, 'q');
}

// Base64 and digits are of the secret itself, and may be written in any other way then.
const drawn = fc.sample(
  fc.record({
    seed: fc.nat(),
    encodings: fc
      .tuple(fc.constantFrom(...Object.keys(ENCODINGS)), fc.array(fc.constantFrom(...Object.keys(BY_CHARACTER)), { maxLength: 1 }))
      .map(([first, then]) => [first, ...then]),
  }),
  { numRuns: LENGTHS.length * (IS_LONG ? 6 : 1), seed: SEED },
);
const CASES: Case[] = drawn.map(({ seed, encodings: all }, index) => {
  const secret = secretOf(seed, LENGTHS[index % LENGTHS.length] ?? 0);
  const encode = (names: readonly string[]): string =>
    names.reduce((text, name) => (ENCODINGS[name] as (text: string) => string)(text), secret);
  const encodings = encode(all).length <= MAX_WRITTEN_CHARS ? all : all.slice(0, 1);
  return { secret, encodings, written: encode(encodings) };
});

/** How an operation ends; the service sends the secret back in each of its answers. */
const ENDS = { succeed: 'succeeded', fail: 'failed', reject: 'rejected', deny: 'rejected', text: 'rejected', nonsense: 'lost' } as const;
type End = keyof typeof ENDS;

const sent: string[][] = CASES.map(() => []);
const closers: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** `/c<case>/<end>` takes submits, `/c<case>/<end>/status` tells how they stand. */
async function startService(): Promise<string> {
  const server = http.createServer({ maxHeaderSize: 262_144 }, (request, response) => {
    const url = new URL(request.url ?? '', `http://${request.headers.host ?? ''}`);
    const [, number = 0, end = '', part] = /^\/c(\d+)\/(\w+)(?:\/(\w+))?/.exec(url.pathname) ?? [];
    const one = CASES[Number(number)] as Case;
    const { written } = one;
    const isKnown = request.headers['x-key'] === one.secret;
    const inUrl = encodeURIComponent(Buffer.from(written).toString()).slice(0, MAX_HEADER_CHARS);
    const answer = (httpStatus: number, headers: Record<string, string>, body: object | string): void => {
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      const all = { ...headers, 'x-you-sent': inUrl, 'set-cookie': `session=${inUrl}` };
      if (isKnown) sent[Number(number)]?.push(text, JSON.stringify(all));
      request.resume().on('end', () => response.writeHead(httpStatus, all).end(text));
    };
    const error = {
      code: 'Bad',
      message: `you sent ${written}`,
      details: [{ code: written, message: written, innererror: { at: written } }],
    };
    const status = `${url.origin}/c${number}/${end}/status?again=${inUrl}`;
    if (!isKnown) answer(500, {}, 'the secret did not arrive');
    else if (part === 'thing') answer(200, {}, { youSent: written });
    else if (part === 'status' && end === 'succeed')
      answer(
        200,
        { 'resource-location': `${url.origin}/c${number}/${end}/thing?x=${inUrl}` },
        { status: 'Succeeded', created: written, properties: { youSent: written }, warning: { message: written } },
      );
    else if (part === 'status' && end === 'fail') answer(200, {}, { status: 'Failed', error });
    else if (part === 'status') answer(200, {}, `<html>${written}</html>`);
    else if (end === 'reject') answer(400, {}, { error });
    else if (end === 'deny') answer(401, { 'www-authenticate': `Key realm="${inUrl}"` }, { error });
    else if (end === 'text') answer(400, {}, `what is ${written}?`);
    else answer(202, { 'operation-location': status, 'retry-after': '0' }, { youSent: written });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('what is looked for is found in every encoding of every encoding', () => {
  const missed = [8, 15, 16, 300].flatMap((chars) => {
    const secret = secretOf(SEED % 1000, chars);
    const traces = tracesOf(secret);
    return Object.entries(ENCODINGS).flatMap(([first, encode]) =>
      Object.entries(BY_CHARACTER).flatMap(([second, encodeAgain]) => {
        const body = JSON.stringify({ youSent: encodeAgain(encode(secret)) });
        return new Haystack(JSON.stringify({ body })).find(traces) === '' ? [`${chars} characters, ${first}, ${second}`] : [];
      }),
    );
  });
  expect(missed).toEqual([]);
});

test(`secrets of any length in any encoding are nowhere (LRO_SEED=${SEED})`, async () => {
  const base = await startService();
  const folder = temporaryFolder();
  const variable = (index: number): string => `LRO_TEST_SECRET_${index}`;
  const poll = { maxUnreadable: 2, unreadableSeconds: 0, unauthorizedSeconds: 0 };
  const connections = CASES.map((_, index): [string, ConnectionYaml] => [
    `c${index}`,
    { baseUrl: `${base}/c${index}`, auth: { type: 'key', in: 'header', name: 'x-key', value: { env: variable(index) } }, poll },
  ]);
  const [port = 0] = await findFreePorts(1);
  const taskQueue = `lro-${randomUUID()}`;
  const logFile = join(folder, 'worker.log');
  const worker = await startWorkerProcess({
    configPath: writeConfig(Object.fromEntries(connections), { files: { writeBelow: [folder] } }),
    address: sharedAddress(),
    taskQueue,
    env: {
      ...Object.fromEntries(CASES.map(({ secret }, index) => [variable(index), secret])),
      LRO_LOG_LEVEL: 'trace',
      LRO_METRICS_ADDRESS: `127.0.0.1:${port}`,
    },
    logFile,
  });
  closers.push(() => worker.stop());
  const connection = await Connection.connect({ address: sharedAddress() });
  closers.push(() => connection.close());
  const client = new Client({ connection });

  const ends = Object.keys(ENDS) as End[];
  const items = CASES.flatMap((_, index) =>
    ends.map((end) => ({ id: `c${index}-${end}`, connection: `c${index}`, submit: { path: `/${end}` } })),
  );
  const report = join(folder, 'report.jsonl');
  const batch: BatchInput = { items, report: { path: report } };
  const workflowId = `batch-${randomUUID()}`;
  const alone = CASES.map((_, index) => ({ workflowId: `alone-${index}-${randomUUID()}`, end: ends[index % ends.length] as End, index }));
  const [result] = await Promise.all([
    client.workflow.execute<(input: BatchInput) => Promise<BatchResult>>(RUN_BATCH, { workflowId, taskQueue, args: [batch] }),
    ...alone.map(({ workflowId: id, end, index }) => {
      const input: OperationInput = { connection: `c${index}`, submit: { path: `/${end}` }, fetchResource: true };
      return client.workflow.execute(RUN_OPERATION, { workflowId: id, taskQueue, args: [input] }).catch(() => undefined);
    }),
  ]);
  expect(result.counts.succeeded).toBe(CASES.length);
  expect(result.counts.total - result.counts.succeeded).toBe(CASES.length * (ends.length - 1));
  const places: Record<string, string> = {
    batch: await everythingOf(client, workflowId),
    report: readFileSync(report, 'utf8'),
    log: readFileSync(logFile, 'utf8'),
    metrics: await (await fetch(`http://127.0.0.1:${port}/metrics`)).text(),
  };
  for (const { workflowId: id, end, index } of alone) places[`c${index} alone, ${end}`] = await everythingOf(client, id);
  expect(places['report']?.trim().split('\n')).toHaveLength(items.length);
  expect(places['metrics']).toContain('temporal_');
  expect(places['log']).toContain('exchange');
  expect(places['batch']).toContain('"c0-fail"');

  const traces = CASES.map(({ secret }) => tracesOf(secret));
  for (const [place, text] of Object.entries(places)) {
    const haystack = new Haystack(text);
    CASES.forEach(({ secret, encodings }, index) => {
      const found = haystack.find(traces[index] ?? []);
      if (found !== '')
        throw new Error(`${place}: secret ${index} (${secret.length} characters, ${encodings.join(' of ')}): ${JSON.stringify(found)}`);
    });
    expect(text).not.toContain('the secret did not arrive');
  }
  // What was sent back would have been found.
  CASES.forEach(({ encodings }, index) => {
    const found = new Haystack((sent[index] ?? []).join('\n')).find(traces[index] ?? []);
    expect({ encodings, found: found !== '' }).toEqual({ encodings, found: true });
  });
});
