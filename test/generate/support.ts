/** Generates from the specifications beside it, or from one that a test makes. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate, type GenerateOptions, type GenerateResult } from '../../src/generate';
import { temporaryFolder } from '../support/config';

export const SPECS = join(__dirname, 'specs');

const folder = temporaryFolder();
let folders = 0;

function newFolder(): string {
  const path = join(folder, `files-${++folders}`, 'specification');
  mkdirSync(path, { recursive: true });
  return path;
}

export interface Generated extends GenerateResult {
  folder: string;
  code: string;
  yaml: string;
}

/** @param specification path, below `specs` where it is relative */
export async function generateFrom(specification: string, options: Partial<GenerateOptions> = {}): Promise<Generated> {
  const out = join(newFolder(), 'generated');
  const path = specification.startsWith('/') ? specification : join(SPECS, specification);
  const result = await generate({ specification: path, out, connection: 'maps', operations: [], force: false, ...options });
  const read = (name: string) => readFileSync(join(options.out ?? out, name), 'utf8');
  return { ...result, folder: options.out ?? out, code: read('operations.ts'), yaml: read('lro.config.yaml') };
}

/** Path of a file with this specification, in a folder of its own. */
export function specificationFile(content: unknown, name = 'specification.json'): string {
  const path = join(newFolder(), name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

/** OpenAPI 3 with one marked operation, which has `parts`. */
export function openApi(operation: object = {}, parts: object = {}): object {
  return {
    openapi: '3.0.3',
    info: { title: 'a service', version: '1.0.0' },
    servers: [{ url: 'https://api.example.com' }],
    paths: { '/jobs': { post: { operationId: 'startJob', 'x-ms-long-running-operation': true, responses: {}, ...operation } } },
    ...parts,
  };
}
