/**
 * While a new file with connections is rolled out, workers have different ones: processes of their own on one task queue.
 */
import { openRollout, type Rollout } from './bed';

let rollout: Rollout;

afterEach(() => rollout.close());

test('of two workers only one knows the connection: 50 of 50 operations succeed, update `accepted` included, each submitted once', async () => {
  rollout = await openRollout();
  await Promise.all([
    rollout.startWorker(rollout.connections({ other: 'http://127.0.0.1:1' })),
    rollout.startWorker(rollout.connections({ maps: rollout.serviceUrl })),
  ]);
  const ends = await Promise.all(
    Array.from({ length: 50 }, async () => {
      const operation = await rollout.start('maps');
      const acceptance = await operation.accepted();
      return { acceptance, result: await operation.result({ timeoutSeconds: 60 }) };
    }),
  );
  for (const { acceptance, result } of ends) {
    expect(result.status).toBe('Succeeded');
    expect(result.operationId).toBe(acceptance.operationId);
  }
  expect(new Set(ends.map(({ result }) => result.operationId)).size).toBe(50);
  expect(await rollout.submits()).toHaveLength(50);
});
