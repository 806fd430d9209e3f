/** A worker's memory during uploads of files of growing size through `bodyFile`, on the fake service. */
import { truncateSync, writeFileSync } from 'node:fs';
import { LroClient } from '../../src/client';
import { startFakeService } from '../fake-service/client';
import { figures } from '../figures';
import { inTime } from '../limits';
import { startOwnWorker } from '../own-worker';
import { peakResidentMegabytes } from '../process-tree';
import { startTemporal } from '../temporal';

const MEGABYTES = [1, 128, 1024];
const GROWTH_MEGABYTES = 100;
const UPLOAD_SECONDS = 600;

export async function upload(): Promise<void> {
  const service = await startFakeService();
  const temporal = await startTemporal();
  const worker = await startOwnWorker(temporal, service);
  const lro = new LroClient({ client: temporal.client });
  await service.reset({ polls: 1, retryAfterSeconds: 0 });
  const rows: [string, string, string][] = [];
  let first: number | undefined;
  for (const megabytes of MEGABYTES) {
    const path = worker.fileAt(`upload-${megabytes}.bin`);
    // A sparse file, which uses no disk space.
    writeFileSync(path, '');
    truncateSync(path, megabytes * 1024 * 1024);
    const submit = { path: '/mapData', query: { dataFormat: 'dwgzippackage', 'api-version': '2.0' }, bodyFile: { path } };
    await inTime(`an upload of ${megabytes} MiB`, lro.execute({ connection: 'plain', submit }), UPLOAD_SECONDS);
    const peak = peakResidentMegabytes(worker.pid);
    first ??= peak;
    const bound = megabytes === MEGABYTES.at(-1) ? `< ${(first + GROWTH_MEGABYTES).toFixed(0)}` : '';
    rows.push([`worker MB at most, after an upload of ${megabytes} MiB`, peak.toFixed(0), bound]);
  }
  figures(rows);
  await worker.stop();
  await temporal.stop();
  await service.stop();
}
