/** SIGHUP: a worker reads its file again. */
import { writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { eventually } from '../support/eventually';
import { findFreePorts } from '../../src/devserver';
import { connectionsAt, fileOf, filesOf, rolloutTest } from './harness';

rolloutTest('a right file is taken into use without an end of what is under way, and the identity shows it', async (rollout) => {
  const [port = 0] = await findFreePorts(1);
  const worker = await rollout.startWorker({ maps: rollout.serviceUrl }, { LRO_METRICS_ADDRESS: `127.0.0.1:${port}` });
  const first = fileOf(worker);
  await rollout.service.addFault({ match: { method: 'POST' }, holdUntilReleased: true });
  const before = await rollout.start('maps');
  await rollout.untilHeld(1);
  writeFileSync(worker.path, stringify({ connections: connectionsAt({ maps: rollout.serviceUrl, more: rollout.serviceUrl }) }));
  worker.signal('SIGHUP');
  await eventually(
    () => filesOf(worker),
    (files) => files.length === 2,
  );
  const second = fileOf(worker);
  expect(second).not.toBe(first);
  // The old worker still has the submit that is held; the new one knows another connection.
  const after = await rollout.start('more');
  await expect(after.result({ timeoutSeconds: 150 })).resolves.toMatchObject({ status: 'Succeeded' });
  await rollout.untilHeld(1);
  await rollout.service.release();
  await expect(before.result({ timeoutSeconds: 150 })).resolves.toMatchObject({ status: 'Succeeded' });
  expect(await rollout.submits()).toHaveLength(2);
  expect((await rollout.identities()).filter((identity) => identity.endsWith(`+file=${second}`))).toHaveLength(1);
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  expect(metrics).toMatch(new RegExp(`lro_worker_file\\{[^}]*file_hash="${first}"[^}]*\\} 0`));
  expect(metrics).toMatch(new RegExp(`lro_worker_file\\{[^}]*file_hash="${second}"[^}]*\\} 1`));
  await expect(worker.stop()).resolves.toEqual({ code: 0, signal: null });
});

rolloutTest('a wrong file is refused with every mistake, and the old one stays in use', async (rollout) => {
  const worker = await rollout.startWorker({ maps: rollout.serviceUrl });
  writeFileSync(worker.path, 'connections:\n  maps: { baseUrl: nowhere, pole: {} }\n');
  worker.signal('SIGHUP');
  await eventually(
    () => worker.output(),
    (output) => output.split('is refused, the one before stays in use').length === 3,
  );
  expect(worker.output()).toContain('baseUrl');
  expect(worker.output()).toContain('pole');
  const operation = await rollout.start('maps');
  await expect(operation.result({ timeoutSeconds: 150 })).resolves.toMatchObject({ status: 'Succeeded' });
  expect(filesOf(worker)).toHaveLength(1);
});
