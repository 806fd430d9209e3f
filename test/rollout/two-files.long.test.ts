/**
 * While a new file with connections is rolled out, workers have different ones: processes of their own on one task queue.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../support/config';
import { fileOf, rolloutTest } from './harness';

rolloutTest(
  'of two workers only one knows the connection: 50 of 50 operations succeed, update `accepted` included, each submitted once',
  async (rollout) => {
    await Promise.all([rollout.startWorker({ other: 'http://127.0.0.1:1' }), rollout.startWorker({ maps: rollout.serviceUrl })]);
    const ends = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const operation = await rollout.start('maps');
        const acceptance = await operation.accepted();
        return { acceptance, result: await operation.result({ timeoutSeconds: 150 }) };
      }),
    );
    for (const { acceptance, result } of ends) expect(result).toMatchObject({ status: 'Succeeded', operationId: acceptance.operationId });
    expect(new Set(ends.map(({ result }) => result.operationId)).size).toBe(50);
    expect(await rollout.submits()).toHaveLength(50);
  },
);

rolloutTest(
  'a connection that no worker knows fails at once where all have one file, and names the worker and its file',
  async (rollout) => {
    const worker = await rollout.startWorker({ maps: rollout.serviceUrl });
    const startedAt = performance.now();
    const operation = await rollout.start('mops');
    const failure = `connection "mops" is not in the worker's file (it has maps); looked for on ${worker.pid}@`;
    await expect(operation.result({ timeoutSeconds: 30 })).rejects.toMatchObject({
      type: 'UnknownConnection',
      message: expect.stringContaining(failure) as string,
    });
    await expect(operation.result()).rejects.toThrow(`(file ${fileOf(worker)})`);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  },
);

// The 20 s are real.
if (process.env['LRO_LONG'] === '1')
  rolloutTest('a connection that none of two workers with different files knows fails after 20 s, and names both', async (rollout) => {
    const workers = await Promise.all([
      rollout.startWorker({ other: 'http://127.0.0.1:1' }),
      rollout.startWorker({ maps: rollout.serviceUrl }),
    ]);
    const operation = await rollout.start('mops');
    const end = operation.result({ timeoutSeconds: 150 });
    await expect(end).rejects.toMatchObject({ type: 'UnknownConnection' });
    const said = await end.then(
      () => '',
      (error: unknown) => String(error),
    );
    for (const worker of workers) {
      expect(said).toContain(`${worker.pid}@`);
      expect(said).toContain(`(file ${fileOf(worker)})`);
    }
    expect(await rollout.submits()).toEqual([]);
  });

rolloutTest(
  'of two workers only one may read the manifest and write the report: the batch succeeds, with a whole report',
  async (rollout) => {
    const folder = temporaryFolder();
    const manifest = join(folder, 'manifest.jsonl');
    const submit = { path: '/mapData', query: { dataFormat: 'geojson' }, body: { type: 'FeatureCollection', features: [] } };
    const items = Array.from({ length: 20 }, (_, index) => ({ id: `i-${index}`, connection: 'maps', submit }));
    writeFileSync(manifest, items.map((item) => `${JSON.stringify(item)}\n`).join(''));
    const files = { readBelow: [folder], writeBelow: [join(folder, 'reports')] };
    await Promise.all([
      rollout.startWorker({ other: 'http://127.0.0.1:1' }),
      rollout.startWorker({ maps: rollout.serviceUrl }, {}, { files }),
    ]);
    await rollout.service.setDefaults({ retryAfter: '1', durationSeconds: 1 });
    const report = { path: join(folder, 'reports', 'report.jsonl') };
    const batch = await rollout.lro.startBatch(
      { manifest: { path: manifest }, maxInFlight: 20, report },
      { id: `batch-${rollout.taskQueue}` },
    );
    const result = await batch.result({ timeoutSeconds: 120 });
    expect(result.counts).toMatchObject({ total: 20, succeeded: 20 });
    const lines = readFileSync(report.path, 'utf8').trimEnd().split('\n');
    expect(new Set(lines.map((line) => (JSON.parse(line) as { id: string }).id)).size).toBe(20);
    expect(await rollout.submits()).toHaveLength(20);
  },
);

rolloutTest('of two workers only one may write the result file: every result is there', async (rollout) => {
  const folder = temporaryFolder();
  const maps = { maps: rollout.serviceUrl };
  await Promise.all([
    rollout.startWorker(maps, {}, { files: { writeBelow: [temporaryFolder()] } }),
    rollout.startWorker(maps, {}, { files: { writeBelow: [folder] } }),
  ]);
  const results = await Promise.all(
    Array.from({ length: 8 }, async () => {
      const operation = await rollout.start('maps', { resultFile: { path: join(folder, '{workflowId}.json') } });
      return operation.result({ timeoutSeconds: 120 });
    }),
  );
  for (const { status, file } of results) {
    expect(status).toBe('Succeeded');
    expect(readFileSync(file?.path ?? '', 'utf8')).toHaveLength(file?.bytes ?? -1);
  }
  expect(await rollout.submits()).toHaveLength(8);
});
