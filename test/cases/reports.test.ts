/**
 * Services as people reported them, played by the player that comes with them, each followed by a worker to its right end.
 *
 * They stand outside of this repository (`../shared/cases`, or `LRO_CASES`); where they are not there, there is nothing to play.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OperationError } from '../../src/client';
import type { FinalStateVia, OperationInput, OperationResult, SubmitRequest } from '../../src/contract';
import { findFreePorts } from '../../src/devserver/free-ports';
import { temporaryFolder, testConfig, type ConnectionYaml } from '../support/config';
import { startTestHarness, type TestHarness } from '../support/in-process';

interface Case {
  id: string;
  users: string;
  submit: SubmitRequest & { finalStateVia?: FinalStateVia };
  connection?: Record<string, unknown> & { basePath?: string };
  poll?: Record<string, number>;
  expect: {
    outcome: string[];
    /** Part of the result's body. */
    body?: object;
    /** `GET /path` → fewest and most requests. */
    requests?: Record<string, [number, number]>;
    messageHas?: string[];
    /** Seconds after the answer to the submit. */
    firstPollAfter?: number;
    pollGapAtLeast?: Record<string, number>;
    maxSeconds?: number;
    /** Its end. */
    resourceLocation?: string;
    resourceId?: string;
    operationId?: string;
    hasStatusUrl?: boolean;
    detailsBody?: object;
  };
}

interface Seen {
  /** Seconds. */
  t: number;
  method: string;
  url: string;
}

interface Ended {
  result?: OperationResult;
  error?: OperationError;
  seconds: number;
  requests: Seen[];
}

const folder = process.env['LRO_CASES'] ?? join(__dirname, '..', '..', '..', 'shared', 'cases');
const file = join(folder, 'reports.json');
const cases: Case[] = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Case[]) : [];
let player: ChildProcess | undefined;
let port = 0;
let harness: TestHarness;
const ends = new Map<string, Promise<Ended>>();

beforeAll(async () => {
  if (cases.length === 0) return;
  [port = 0] = await findFreePorts(1);
  player = spawn('python3', [join(folder, 'play.py'), file, String(port), temporaryFolder()], { stdio: 'ignore' });
  await listening();
  const connections = Object.fromEntries(cases.map((one) => [one.id, connectionOf(one)]));
  harness = await startTestHarness(testConfig(connections, {}, { ...process.env, REPORTS_KEY_1: 'K1' }));
  process.env['REPORTS_KEY_1'] = 'K1';
  // All at once: most of the time they wait.
  for (const one of cases) ends.set(one.id, follow(one));
}, 60_000);

afterAll(async () => {
  await Promise.allSettled(ends.values());
  if (cases.length > 0) await harness.close();
  player?.kill();
  delete process.env['REPORTS_KEY_1'];
});

async function listening(): Promise<void> {
  for (;;) {
    const isThere = await fetch(`http://127.0.0.1:${port}/log/none`).then(
      () => true,
      () => false,
    );
    if (isThere) return;
    if (player?.exitCode !== null) throw new Error('the player has ended');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function connectionOf({ id, connection: { basePath = '', ...connection } = {}, poll }: Case): ConnectionYaml {
  return {
    baseUrl: `http://127.0.0.1:${port}/c/${id}${basePath}`,
    ...connection,
    poll: { defaultSeconds: 0.2, goneAfterSeconds: 2, maxUnreadable: 3, unreadableSeconds: 2, unauthorizedSeconds: 5, ...poll },
  };
}

async function follow({ id, submit: { finalStateVia, ...submit } }: Case): Promise<Ended> {
  const input: OperationInput = { connection: id, submit, finalStateVia, deadlineSeconds: 60 };
  const startedAt = performance.now();
  const end = await harness.lro.execute(input, { id: `case-${id}-${harness.taskQueue}` }).then(
    (result) => ({ result }),
    (error: unknown) => {
      if (error instanceof OperationError) return { error };
      throw error;
    },
  );
  const seconds = (performance.now() - startedAt) / 1000;
  const log = await fetch(`http://127.0.0.1:${port}/log/${id}`);
  return { ...end, seconds, requests: (await log.json()) as Seen[] };
}

/** `GET /path`, below the case and in lower case: services are not strict about it. */
const nameOf = (id: string, { method, url }: Seen): string =>
  `${method} ${(url.split('?')[0] ?? '').replace(`/c/${id}`, '')}`.toLowerCase();

(cases.length > 0
  ? test.each(cases.map((one) => [one.id, one.users, one] as const))
  : test.skip.each([['none', 'no cases in ../shared/cases', undefined]] as const))('%s: %s', async (id, _users, one) => {
  if (one === undefined) throw new Error('there is nothing to play');
  const { expect: wanted } = one;
  const ended = await ends.get(id);
  if (ended === undefined) throw new Error('it was not played');
  const { result, error, seconds, requests } = ended;
  expect(wanted.outcome).toContain(error?.type ?? 'succeeded');
  if (wanted.body !== undefined) expect(result?.body).toMatchObject(wanted.body);
  if (wanted.detailsBody !== undefined) expect(error?.details.body).toMatchObject(wanted.detailsBody);
  for (const text of wanted.messageHas ?? []) expect(error?.message).toContain(text);
  if (wanted.resourceLocation !== undefined) expect(result?.resourceLocation?.endsWith(wanted.resourceLocation)).toBe(true);
  if (wanted.resourceId !== undefined) expect(result?.resourceId).toBe(wanted.resourceId);
  if (wanted.operationId !== undefined) expect((result ?? error?.details)?.operationId).toBe(wanted.operationId);
  if (wanted.hasStatusUrl === true) expect(error?.details.statusUrl).toEqual(expect.stringMatching(/^https?:/));
  if (wanted.maxSeconds !== undefined) expect(seconds).toBeLessThan(wanted.maxSeconds);
  for (const [route, [least, most]] of Object.entries(wanted.requests ?? {})) {
    const count = requests.filter((request) => nameOf(id, request) === route.toLowerCase()).length;
    expect(`${route}: ${count >= least && count <= most ? 'as wanted' : count}`).toBe(`${route}: as wanted`);
  }
  const [first, second] = requests;
  if (wanted.firstPollAfter !== undefined) expect((second?.t ?? 0) - (first?.t ?? 0)).toBeGreaterThanOrEqual(wanted.firstPollAfter);
  for (const [route, gap] of Object.entries(wanted.pollGapAtLeast ?? {})) {
    const times = requests.filter((request) => nameOf(id, request) === route.toLowerCase()).map(({ t }) => t);
    expect(times.length).toBeGreaterThan(1);
    for (const [index, t] of times.slice(1).entries()) expect(t - (times[index] ?? 0)).toBeGreaterThanOrEqual(gap);
  }
});
