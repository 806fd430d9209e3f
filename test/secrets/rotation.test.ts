/**
 * A worker whose tokens rotate every two seconds, for 20,000 short operations: what it holds is flat after the first 5,000. Half of them carry
 * tokens of a stand-in for Microsoft Entra ID that live for two seconds, half a token from a file that is replaced every two seconds; the
 * service sends the token back in each answer. Only with `LRO_LONG=1`: it takes minutes.
 */
import { createHash, randomUUID } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { RUN_BATCH, type BatchInput, type BatchResult } from '../../src/contract';
import { temporaryFolder, writeConfig } from '../support/config';
import { authorityAnswer } from '../support/entra-authority';
import { eventually } from '../support/eventually';
import { sharedAddress } from '../support/in-process';
import { startWorkerProcess } from '../support/programs';

const long = process.env['LRO_LONG'] === '1' ? test : test.skip;
jest.setTimeout(1_800_000);

const ROUNDS = 4;
const ITEMS_OF_A_ROUND = 5000;
const ROTATION_SECONDS = 2;
/** A token may be on its way when the next one is made. */
const VALID_MS = ROTATION_SECONDS * 1000 + 20_000;
const TOKEN_CHARS = 4000;
const CERTIFICATES = resolve(__dirname, '../http/certificates');

/** Tokens that begin alike, as those of one issuer do. */
class Tokens {
  readonly made = new Map<string, number>();

  next(): string {
    const blocks = Array.from({ length: TOKEN_CHARS / 40 }, (_, index) =>
      createHash('sha256').update(`${randomUUID()}${index}`).digest('base64url'),
    );
    const token = `eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.${blocks.join('')}`.slice(0, TOKEN_CHARS);
    this.made.set(token, Date.now());
    return token;
  }

  isGood(token: string): boolean {
    return Date.now() - (this.made.get(token) ?? 0) < VALID_MS;
  }
}

const closers: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function listening(server: http.Server): Promise<number> {
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** Issues tokens that live for two seconds. */
async function startAuthority(tokens: Tokens): Promise<string> {
  const pem = (name: string): Buffer => readFileSync(join(CERTIFICATES, name));
  const server = https.createServer({ key: pem('key.pem'), cert: pem('cert.pem') }, (request, response) => {
    const answer = authorityAnswer(request, () => tokens.next(), ROTATION_SECONDS);
    request.resume().on('end', () => response.setHeader('content-type', 'application/json').end(answer));
  });
  return `https://127.0.0.1:${await listening(server)}`;
}

/** Operations that have succeeded when they are asked once. Answers repeat the token; a wrong one is refused. */
async function startService(tokens: Tokens): Promise<{ url: string; refused: () => number; submits: () => number }> {
  let refused = 0;
  let submits = 0;
  const server = http.createServer((request, response) => {
    const token = (request.headers.authorization ?? '').replace('Bearer ', '');
    const answer = (httpStatus: number, headers: Record<string, string>, body: object): void =>
      void request.resume().on('end', () => response.writeHead(httpStatus, headers).end(JSON.stringify({ ...body, youSent: token })));
    if (!tokens.isGood(token)) {
      refused++;
      answer(401, {}, { error: { code: 'Unauthorized', message: 'wrong token' } });
    } else if (request.method === 'POST') {
      submits++;
      answer(202, { 'operation-location': `http://${request.headers.host ?? ''}/operations/${submits}`, 'retry-after': '0' }, {});
    } else answer(200, {}, { status: 'Succeeded' });
  });
  return { url: `http://127.0.0.1:${await listening(server)}`, refused: () => refused, submits: () => submits };
}

/** A file with a token, replaced every two seconds. */
function rotatingFile(folder: string, tokens: Tokens): string {
  const path = join(folder, 'token');
  const rotate = (): void => {
    writeFileSync(`${path}.new`, tokens.next());
    renameSync(`${path}.new`, path);
  };
  rotate();
  const timer = setInterval(rotate, ROTATION_SECONDS * 1000);
  closers.push(() => clearInterval(timer));
  return path;
}

interface Held {
  rss: number;
  heapUsed: number;
  external: number;
  arrayBuffers: number;
}

long('a worker whose tokens rotate holds no more after 20,000 operations than after 5,000', async () => {
  const folder = temporaryFolder();
  const [issued, filed] = [new Tokens(), new Tokens()];
  const authorityHost = await startAuthority(issued);
  const [ofEntra, ofFile] = [await startService(issued), await startService(filed)];
  const limits = { submitsPerSecond: 1000 };
  const entra = {
    type: 'entra',
    scope: 'api/.default',
    tenantId: 'tenant',
    clientId: 'client',
    clientSecret: { env: 'LRO_TEST_CLIENT_SECRET' },
  };
  const connections = {
    entra: { baseUrl: ofEntra.url, auth: { ...entra, authorityHost }, limits },
    file: { baseUrl: ofFile.url, auth: { type: 'bearer', value: { file: rotatingFile(folder, filed) } }, limits },
  };
  const probeFile = join(folder, 'memory.jsonl');
  const taskQueue = `lro-${randomUUID()}`;
  const worker = await startWorkerProcess({
    configPath: writeConfig(connections),
    address: sharedAddress(),
    taskQueue,
    env: {
      LRO_LOG_LEVEL: 'warn',
      LRO_TEST_CLIENT_SECRET: 'the-secret-of-the-client',
      NODE_EXTRA_CA_CERTS: join(CERTIFICATES, 'cert.pem'),
      NODE_OPTIONS: `--require ${join(__dirname, 'fixtures/memory-probe.js')}`,
      MEMORY_PROBE_FILE: probeFile,
    },
  });
  closers.push(() => worker.stop());
  const connection = await Connection.connect({ address: sharedAddress() });
  closers.push(() => connection.close());
  const client = new Client({ connection });

  const runBatch = async (name: keyof typeof connections, round: number): Promise<void> => {
    const items = Array.from({ length: ITEMS_OF_A_ROUND / 2 }, (_, index) => ({ id: `${round}-${index}` }));
    const input: BatchInput = {
      items,
      defaults: { connection: name, submit: { path: '/jobs', body: {} } },
      maxInFlight: 500,
      submitsPerSecond: 1000,
    };
    const run: BatchResult = await client.workflow.execute<(input: BatchInput) => Promise<BatchResult>>(RUN_BATCH, {
      workflowId: `${name}-${round}-${randomUUID()}`,
      taskQueue,
      args: [input],
    });
    expect(run.counts).toMatchObject({ total: items.length, succeeded: items.length });
  };
  const measured: Held[] = [];
  const measure = async (): Promise<void> => {
    const lines = (): Held[] => readLines(probeFile).map((line) => JSON.parse(line) as Held);
    const before = lines().length;
    process.kill(worker.pid, 'SIGWINCH');
    measured.push((await eventually(lines, (now) => now.length > before)).at(-1) as Held);
  };
  for (let round = 0; round < ROUNDS; round++) {
    await Promise.all([runBatch('entra', round), runBatch('file', round)]);
    await measure();
  }

  const mebibytes = (bytes: number): number => Math.round((bytes / 1_048_576) * 10) / 10;
  const table = measured.map((held, round) => {
    const figures = Object.entries(held).map(([name, bytes]) => `${name} ${mebibytes(bytes as number)}`);
    return `${(round + 1) * ITEMS_OF_A_ROUND} operations: ${figures.join(', ')} MiB`;
  });
  const said = [
    ...table,
    `tokens: ${issued.made.size} issued, ${filed.made.size} in the file`,
    `refused: ${ofEntra.refused()} and ${ofFile.refused()}`,
  ];
  process.stdout.write(`${said.join('\n')}\n`);
  expect(ofEntra.submits() + ofFile.submits()).toBe(ROUNDS * ITEMS_OF_A_ROUND);
  // Both really rotated.
  expect(Math.min(issued.made.size, filed.made.size)).toBeGreaterThan(15);
  const growth = (of: (held: Held) => number): number => mebibytes(of(measured.at(-1) as Held) - of(measured[0] as Held));
  // Version 0.1.0 held 2.6 MB more with each token. One kilobyte an operation would be 15 MiB.
  expect(growth(({ heapUsed, external }) => heapUsed + external)).toBeLessThan(10);
  expect(growth(({ rss }) => rss)).toBeLessThan(80);
});

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').trim().split('\n');
  } catch {
    return [];
  }
}
