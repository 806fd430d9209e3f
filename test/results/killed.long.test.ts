/** A worker that is killed while it writes a result: another begins anew, and nobody ever sees a half. */
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { LroClient } from '../../src/client';
import { temporaryFolder, writeConfig } from '../support/config';
import { eventually } from '../support/eventually';
import { sharedAddress } from '../support/in-process';
import { startWorkerProcess } from '../support/programs';
import { mebibytes, ResultService, sha256, type Plan } from './service';

test.concurrent.each<[string, Plan['at']]>([
  ['the last status answer', 'location'],
  ['the answer of the final GET', 'resource'],
])('killed within %s', async (_, where) => {
  const address = sharedAddress();
  const service = await ResultService.start();
  const connection = await Connection.connect({ address });
  const folder = join(temporaryFolder(), 'results');
  const path = 'map.mp4';
  service.plan('map', { at: where, body: () => mebibytes(20), contentType: 'video/mp4', stopsAfter: 10_000_000 });
  const taskQueue = `lro-${randomUUID()}`;
  const configPath = writeConfig({ default: { baseUrl: service.url } }, { files: { writeBelow: [folder] } });
  const temporaries = (): string[] => (existsSync(folder) ? readdirSync(folder) : []).filter((name) => name.endsWith('.tmp'));
  const first = await startWorkerProcess({ configPath, address, taskQueue });
  try {
    const lro = new LroClient({ client: new Client({ connection }), taskQueue });
    const handle = await lro.start({ submit: { path: '/submit/map' }, resultFile: { path } }, { id: `killed-${taskQueue}` });
    // What has come is on its way to the disk, and no more comes.
    await eventually(temporaries, ([name]) => name !== undefined && statSync(join(folder, name)).size > 9_000_000);
    await first.kill();
    expect(readdirSync(folder)).toEqual(temporaries());
    service.release();
    const second = await startWorkerProcess({ configPath, address, taskQueue });
    const { file } = await handle.result({ timeoutSeconds: 150 });
    expect(file).toEqual({ path, bytes: 20 * 1_048_576, sha256: sha256(mebibytes(20)), contentType: 'video/mp4' });
    expect(sha256([readFileSync(join(folder, path))])).toBe(sha256(mebibytes(20)));
    expect(readdirSync(folder)).toEqual([path]);
    await second.stop();
  } finally {
    await first.stop();
    await connection.close();
    await service.close();
  }
});
