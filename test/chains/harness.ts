/** A harness for chains: the emulator as Creator, a worker in the test's process, and a folder that packages are read from. */
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildDrawingPackage, startEmulator, type DrawingPackageOptions, type Emulator } from '../../src/emulator';
import type { RecordedRequest } from '../../src/emulator';
import type { LroWorkerOptions } from '../../src/hosting/create-worker';
import { temporaryFolder, testConfig } from '../support/config';
import { startTestHarness, type TestHarness } from '../support/in-process';

export interface ChainHarness extends TestHarness {
  emulator: Emulator;
  folder: string;
  /** Writes a drawing package. @returns its path */
  addPackage(options?: DrawingPackageOptions): Promise<string>;
  addFile(name: string, bytes: Buffer | string): string;
  /** Submits that came to the service, in order: `POST /mapData`. With `of`, those whose query holds that description. */
  submits(of?: string): Promise<string[]>;
  requests(method: string): Promise<RecordedRequest[]>;
}

export async function startChainHarness(
  options: Partial<LroWorkerOptions> = {},
  harnessOptions: { operationSeconds?: number } = {},
): Promise<ChainHarness> {
  const emulator = await startEmulator({
    operationSeconds: harnessOptions.operationSeconds ?? 0.1,
    retryAfterSeconds: 0,
    idempotency: false,
  });
  const folder = temporaryFolder();
  // Two hundred submits are to take no four seconds.
  const connection = { baseUrl: emulator.url, query: { 'api-version': '2.0' }, limits: { submitsPerSecond: 1000 } };
  const config = testConfig({ maps: connection, default: connection }, { files: { readBelow: [folder], writeBelow: [folder] } });
  const harness = await startTestHarness(config, options);
  const requests = (method: string): Promise<RecordedRequest[]> => emulator.admin.requests({ method });
  const addFile = (name: string, bytes: Buffer | string): string => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  };
  return {
    ...harness,
    emulator,
    folder,
    addFile,
    addPackage: async (packageOptions) => addFile(`${randomUUID()}.zip`, await buildDrawingPackage(packageOptions)),
    submits: async (of) => {
      const posts = await requests('POST');
      return posts.filter(({ query }) => of === undefined || query.includes(of)).map(({ path }) => path);
    },
    requests,
    close: async () => {
      await harness.close();
      await emulator.close();
    },
  };
}

/** Every step's description, by which its submit is found at the service. */
export function described(name: string): Record<'upload' | 'conversion' | 'dataset' | 'tileset' | 'routeset', string> {
  return {
    upload: `${name}.upload`,
    conversion: `${name}.conversion`,
    dataset: `${name}.dataset`,
    tileset: `${name}.tileset`,
    routeset: `${name}.routeset`,
  };
}
