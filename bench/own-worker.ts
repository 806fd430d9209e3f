/** This project's worker (`dist/worker.js`) on the fake service, with limits so high that they have no effect. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import type { BatchInput, BatchItem, ItemReport, OperationInput } from '../src/contract';
import { startChild } from '../src/devserver';
import { atEnd } from './ending';
import { SUBMIT_BODY, type FakeService } from './fake-service/client';
import { CONCURRENT_REQUESTS, NODE_SETTINGS } from './limits';
import type { Load, Transport } from './load';
import type { Temporal } from './temporal';

/** The checkout that is measured unless another is named. */
const CHECKOUT = resolve(__dirname, '../../..');

export interface OwnWorker {
  pid: number;
  /** Writes a manifest with a load's items; not measured. */
  writeManifest(load: Manifested): string;
  /** Path of a file that the worker may read. */
  fileAt(name: string): string;
  /** The lines of a report. */
  readReport(path: string): ItemReport[];
  stop(): Promise<void>;
  /** Kills it. */
  kill(): Promise<void>;
}

/** What a manifest is made of. */
export type Manifested = Pick<Load, 'name' | 'operations' | 'transport'>;

/** @param checkout of the project, built */
export async function startOwnWorker(temporal: Temporal, service: FakeService, checkout = CHECKOUT): Promise<OwnWorker> {
  const files = join(temporal.folder, 'files');
  mkdirSync(files, { recursive: true });
  const configPath = join(temporal.folder, 'lro.config.yaml');
  const limits = { concurrentRequests: CONCURRENT_REQUESTS, submitsPerSecond: 100_000, pollsPerSecond: 100_000 };
  writeFileSync(
    configPath,
    stringify({
      connections: Object.fromEntries(
        Object.entries(service.urls).map(([transport, baseUrl]) => [transport, { baseUrl, poll: { minSeconds: 0 }, limits }]),
      ),
      files: { readBelow: [files], writeBelow: [files] },
    }),
  );
  const worker = await startChild({
    name: 'the worker',
    command: process.execPath,
    args: [join(checkout, 'dist/worker.js')],
    env: { ...NODE_SETTINGS, ...service.trust, TEMPORAL_ADDRESS: temporal.address, LRO_CONFIG: configPath, LRO_LOG_LEVEL: 'error' },
    readyLine: /worker ready/,
  });
  return {
    pid: worker.pid,
    writeManifest: ({ name, operations, transport }) => {
      const path = join(files, `${name.replaceAll('/', '-')}.jsonl`);
      const lines = Array.from({ length: operations }, (_, index) => `${JSON.stringify(batchItem(index, transport))}\n`);
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
    kill: async () => {
      await worker.kill();
    },
  };
}

/** The operation that all tools run. */
export function operationOver(transport: Transport): OperationInput {
  return {
    connection: transport,
    submit: { path: '/mapData', query: { dataFormat: 'geojson', 'api-version': '2.0' }, body: SUBMIT_BODY },
  };
}

function batchItem(index: number, transport: Transport): BatchItem {
  return { id: `item-${index}`, ...operationOver(transport) };
}

/** More items than this are put into a manifest. */
const MAX_INLINE_ITEMS = 1000;

/** The input of a batch; writes its manifest if it needs one. */
export function batchInput(worker: OwnWorker, load: Manifested, rest: Omit<BatchInput, 'items' | 'manifest'>): BatchInput {
  const items =
    load.operations <= MAX_INLINE_ITEMS
      ? { items: Array.from({ length: load.operations }, (_, index) => batchItem(index, load.transport)) }
      : { manifest: { path: worker.writeManifest(load) } };
  return { ...items, ...rest };
}
