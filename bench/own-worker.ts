/** This project's worker (`dist/worker.js`) on the fake service, with limits so high that they have no effect. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import type { BatchInput, BatchItem, ItemReport, OperationInput } from '../src/contract';
import { startChild } from '../src/devserver';
import { atEnd } from './ending';
import { SUBMIT_BODY } from './fake-service/client';
import { CONCURRENT_REQUESTS } from './limits';
import type { Temporal } from './temporal';

/** The checkout that is measured unless another is named. */
const CHECKOUT = resolve(__dirname, '../../..');

export interface OwnWorker {
  pid: number;
  /** Writes a manifest with this many items; not measured. */
  writeManifest(name: string, operations: number): string;
  /** Path of a file that the worker may read. */
  fileAt(name: string): string;
  /** The lines of a report. */
  readReport(path: string): ItemReport[];
  stop(): Promise<void>;
}

/** @param checkout of the project, built */
export async function startOwnWorker(temporal: Temporal, serviceUrl: string, checkout = CHECKOUT): Promise<OwnWorker> {
  const files = join(temporal.folder, 'files');
  mkdirSync(files);
  const configPath = join(temporal.folder, 'lro.config.yaml');
  const limits = { concurrentRequests: CONCURRENT_REQUESTS, submitsPerSecond: 100_000, pollsPerSecond: 100_000 };
  writeFileSync(
    configPath,
    stringify({
      connections: { maps: { baseUrl: serviceUrl, poll: { minSeconds: 0 }, limits } },
      files: { readBelow: [files], writeBelow: [files] },
    }),
  );
  const worker = await startChild({
    name: 'the worker',
    command: process.execPath,
    args: [join(checkout, 'dist/worker.js')],
    env: { TEMPORAL_ADDRESS: temporal.address, LRO_CONFIG: configPath, LRO_LOG_LEVEL: 'error' },
    readyLine: /worker ready/,
  });
  return {
    pid: worker.pid,
    writeManifest: (name, operations) => {
      const path = join(files, `${name.replaceAll('/', '-')}.jsonl`);
      const lines = Array.from({ length: operations }, (_, index) => `${JSON.stringify(batchItem(index))}\n`);
      writeFileSync(path, lines.join(''));
      return path;
    },
    fileAt: (name) => join(files, name),
    readReport: (path) =>
      readFileSync(join(files, path), 'utf8')
        .split('\n')
        .flatMap((line) => (line === '' ? [] : (JSON.parse(line) as ItemReport))),
    stop: atEnd(async () => {
      await worker.stop();
    }),
  };
}

/** The operation that all tools run. */
export const OPERATION: OperationInput = {
  connection: 'maps',
  submit: { path: '/mapData', query: { dataFormat: 'geojson', 'api-version': '2.0' }, body: SUBMIT_BODY },
};

function batchItem(index: number): BatchItem {
  return { id: `item-${index}`, ...OPERATION };
}

/** More items than this are put into a manifest. */
const MAX_INLINE_ITEMS = 1000;

/** The input of a batch; writes its manifest if it needs one. */
export function batchInput(worker: OwnWorker, name: string, operations: number, rest: Omit<BatchInput, 'items' | 'manifest'>): BatchInput {
  const items =
    operations <= MAX_INLINE_ITEMS
      ? { items: Array.from({ length: operations }, (_, index) => batchItem(index)) }
      : { manifest: { path: worker.writeManifest(name, operations) } };
  return { ...items, ...rest };
}
