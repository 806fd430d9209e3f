/**
 * Every runbook is followed once, on a running system with the fault: its commands are those of docs/runbooks.md. What the alert is about holds
 * before, and is over after.
 *
 * `LRO_LONG=1`: also those that take longer than some seconds; those that take minutes are in `long.test.ts`.
 */
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../support/config';
import { eventually } from '../support/eventually';
import { sharedAddress } from '../support/in-process';
import { Bed, HELD } from './bed';
import { condition } from './following';
import { isNone } from './runbook';

let opened: Promise<Bed> | undefined;
const bed = (): Promise<Bed> => (opened ??= Bed.open(sharedAddress()));

/** The first worker is the one that the runbook of a backlog starts. */
let backlog: Promise<void> | undefined;
const workerStarts = (): Promise<void> => (backlog ??= followBacklog());

afterAll(async () => (await opened)?.close());

async function followBacklog(): Promise<void> {
  const here = await bed();
  const operation = await here.start('waiting');
  const batch = await here.lro.startBatch({ items: [{ id: 'one', connection: here.connection('waiting'), submit: HELD }] }, {});
  const book = await here.runbook('Backlog', 'waiting', { BATCH: batch.id });
  await condition(here, 'LroBacklog', 'waiting', true);
  await book.see(/workflow +2 /);
  await book.act();
  await here.startWorker();
  await condition(here, 'LroBacklog', 'waiting', false);
  await book.untilOver((output) => output.includes('@') && output.includes('goes on'));
  book.finished();
  await here.finish(operation);
  expect((await here.finishItem(batch, 'one')).counts).toMatchObject({ succeeded: 1 });
}

const isLong = process.env['LRO_LONG'] === '1';
const longBesideOthers = isLong ? test.concurrent : test.concurrent.skip;
const long = isLong ? test : test.skip;

test.concurrent('backlog: work waits until a worker is started', workerStarts);

test.concurrent('stuck: operations of a service that is mended go on when they are told to ask', async () => {
  await workerStarts();
  const here = await bed();
  const { admin } = here.emulator;
  const operation = await here.start('stuck');
  const { operationId = '' } = await operation.accepted();
  const match = { method: 'GET', path: `/operations/${operationId}$` };
  const fault = await admin.addFault({ match, times: 0, action: { answer: { httpStatus: 503, body: 'no backend' } } });
  const book = await here.runbook('Stuck', 'stuck', { ID: operation.id });
  await condition(here, 'LroStuck', 'stuck', true);
  await book.see(operation.id, '503');
  await admin.removeFaults(fault.id);
  await book.act();
  await condition(here, 'LroStuck', 'stuck', false);
  await book.untilOver(isNone);
  book.finished();
  await here.finish(operation);
});

longBesideOthers('throttled: lower rates end it', async () => {
  await workerStarts();
  const here = await bed();
  const connection = here.connection('throttled');
  const operation = await here.start('throttled');
  const items = Array.from({ length: 6 }, (_, index) => ({ id: `i${index}`, connection, submit: { path: '/things', body: {} } }));
  const batch = await here.lro.startBatch({ items }, {});
  const [worker] = here.workers;
  const book = await here.runbook('Throttled', 'throttled', { ID: operation.id, BATCH: batch.id, WORKER_PID: String(worker?.pid) });
  await condition(here, 'LroThrottled', 'throttled', true);
  await book.see(operation.id, /429|slow down/, 'running');
  await book.act();
  here.rewriteConfig({ throttled: { limits: { pollsPerSecond: 2, share: false } } });
  await book.act();
  const answers = here.throttledAnswers;
  // As many polls as there are operations, none of them refused.
  await eventually(
    () => answers.slice(-8),
    (last) => !last.includes(429),
  );
  await condition(here, 'LroThrottled', 'throttled', false);
  await book.untilOver(isNone);
  book.finished();
  here.done.throttled = true;
  await operation.result({ timeoutSeconds: 150 });
  expect((await batch.result({ timeoutSeconds: 150 })).counts).toMatchObject({ succeeded: items.length });
});

test.concurrent('credential expired: a new secret in its place is used at once, and what was rejected starts again', async () => {
  await workerStarts();
  const here = await bed();
  const operation = await here.start('keyed');
  await operation.accepted();
  here.key = 'second-secret-of-the-service';
  const rejected = await here.start('keyed');
  const book = await here.runbook('Credential expired', 'keyed', {
    ID: operation.id,
    NEW_SECRET: join(temporaryFolder(), 'new'),
    SECRET_FILE: here.secretFile,
  });
  await condition(here, 'LroCredentialExpired', 'keyed', true);
  await book.see(operation.id, '401', rejected.id);
  writeFileSync(book.variable('NEW_SECRET'), here.key);
  await book.act();
  await condition(here, 'LroCredentialExpired', 'keyed', false);
  await book.untilOver(isNone);
  book.finished();
  here.done.keyed = true;
  expect(await operation.result({ timeoutSeconds: 150 })).toMatchObject({ status: 'Succeeded' });
  const input = { connection: here.connection('keyed'), submit: HELD };
  expect(await here.lro.execute(input, { id: rejected.id })).toMatchObject({ status: 'Succeeded' });
});

test.concurrent('uncertain submit: what the service has is followed, and nothing is sent twice', async () => {
  await workerStarts();
  const here = await bed();
  const { admin } = here.emulator;
  const body = { type: 'FeatureCollection', features: [] };
  const submit = { ...HELD, path: '/mapData', query: { dataFormat: 'geojson' }, body };
  await admin.addFault({ match: { method: 'POST', path: '^/mapData$' }, action: { cut: 'afterAccept' } });
  const operation = await here.start('uncertain', { submit, onUncertainSubmit: 'fail' });
  await condition(here, 'LroUncertainSubmit', 'uncertain', true);
  const book = await here.runbook('Uncertain submit', 'uncertain', { ID: operation.id });
  await book.see(operation.id, 'SubmissionUncertain', 'idempotencyKey');
  const made = (await admin.operations()).operations.filter(({ collection }) => collection === submit.path);
  expect(made).toHaveLength(1);
  const { operationId = '' } = made[0] ?? {};
  book.set({ STATUS_URL: `/mapData/operations/${operationId}?api-version=2.0` });
  await book.act();
  await admin.changeOperation(operationId, { finish: 'Succeeded' });
  await condition(here, 'LroUncertainSubmit', 'uncertain', false);
  await book.untilOver((output) => output.includes('Succeeded'));
  book.finished();
  expect(await admin.requests({ method: 'POST', path: '^/mapData$' })).toHaveLength(1);
});

longBesideOthers('lost report: its lines are put together from pages and histories, and a retry does the rest', async () => {
  await workerStarts();
  const here = await bed();
  const { admin } = here.emulator;
  const refused = { method: 'POST', query: 'description=large' };
  const fault = await admin.addFault({ match: refused, times: 0, action: { answer: { httpStatus: 400 } } });
  // Three of these fill a page, which is written while the fourth is still open.
  const large = { path: '/styles', query: { description: 'large' }, body: { filler: 'x'.repeat(90_000) } };
  const failing = ['a', 'b', 'c'].map((id) => ({ id, submit: large }));
  const defaults = { connection: here.connection('reporting') };
  const report = { path: join(here.reports, 'report.jsonl') };
  const batch = await here.lro.startBatch(
    {
      items: [...failing, { id: 'd', submit: HELD }],
      defaults: { connection: here.connection('reporting') },
      report,
    },
    {},
  );
  const pages = (): string[] => readdirSync(here.reports).filter((name) => name.endsWith('.0-0.part'));
  await eventually(pages, (names) => names.length === 1);
  for (const name of pages()) rmSync(join(here.reports, name));
  await admin.removeFaults(fault.id);
  await expect(here.finishItem(batch, 'd')).rejects.toThrow('the report could not be put together');
  const book = await here.runbook('Lost report', 'reporting', {
    BATCH: batch.id,
    REPORT: report.path,
    PAGE: '0',
    DEFAULTS: JSON.stringify(defaults),
  });
  await book.see('the report could not be put together', '.0-1.part');
  await condition(here, 'LroReportLost', 'reporting', true);
  expect(existsSync(report.path)).toBe(false);
  const shards = await book.act();
  book.set({ SHARD: new RegExp(`${batch.id}/\\S+/0`).exec(shards)?.[0] ?? '' });
  await book.act();
  await book.act();
  await condition(here, 'LroReportLost', 'reporting', false);
  await book.untilOver((output) => Number(output) === 4);
  book.finished();
  const outcomesIn = (path: string): string[] => readFileSync(path, 'utf8').trimEnd().split('\n').map(outcomeOf).sort();
  expect(outcomesIn(report.path)).toEqual(['a failed', 'b failed', 'c failed', 'd succeeded']);
  expect(outcomesIn(`${report.path}.retry`)).toEqual(['a succeeded', 'b succeeded', 'c succeeded']);
});

function outcomeOf(line: string): string {
  const { id, outcome } = JSON.parse(line) as { id: string; outcome: string };
  return `${id} ${outcome}`;
}

// After the others, which have the one file.
long('workers with different files: the right one is brought to the other worker', async () => {
  await workerStarts();
  const here = await bed();
  const other = join(temporaryFolder(), 'lro.config.yaml');
  copyFileSync(here.configPath, other);
  writeFileSync(other, `${readFileSync(other, 'utf8')}# not the right one\n`);
  const worker = await here.startWorker({ configPath: other });
  await condition(here, 'LroFilesDiffer', 'waiting', true);
  const hashes = here.workers.map((one) => /, file ([0-9a-f]{8})$/m.exec(one.output().split('worker ready').at(-1) ?? '')?.[1] ?? 'none');
  const variables = { RIGHT_FILE: here.configPath, LRO_CONFIG: other, WORKER_PID: String(worker.pid) };
  const book = await here.runbook('Workers with different files', 'waiting', variables);
  await book.see(...hashes.map((hash) => `+file=${hash}`));
  await book.act();
  await condition(here, 'LroFilesDiffer', 'waiting', false);
  await book.untilOver((output) => output.includes(`${worker.pid}@`) && output.includes(`+file=${hashes[0] ?? 'none'}`));
  book.finished();
});
