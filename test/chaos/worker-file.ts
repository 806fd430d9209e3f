/** The worker's file with connections, in versions that differ in what may be changed while work is under way. */
import { renameSync, writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import type { CredentialFiles } from './credentials';

/** Longest wait for an exchange with the service, in seconds. */
const TIMEOUT_SECONDS = 10;
/** How long an uncertain submit may take to be seen by `find`: the longest that a link holds it back, and the timeout, are below. */
const SETTLE_SECONDS = 25;

export interface WorkerFile {
  path: string;
  baseUrl: string;
  /** Callers' folders. */
  folder: string;
  credentials: CredentialFiles;
}

/**
 * Writes a version of the file, at once and whole. Two connections lead to the one service: `maps`, and `found`, whose uncertain submits are
 * looked for.
 */
export function writeWorkerFile({ path, baseUrl, folder, credentials }: WorkerFile, version: number): void {
  const common = {
    baseUrl,
    query: { 'api-version': '2.0' },
    poll: { defaultSeconds: 2 + (version % 3), minSeconds: 0 },
    limits: { timeoutSeconds: TIMEOUT_SECONDS, submitsPerSecond: 40 + (version % 7), concurrentRequests: 40, share: version % 2 === 0 },
  };
  const find = {
    url: '{base}/mapData/operations/{idempotencyKey}?api-version=2.0',
    pollingLocation: '{base}/mapData/operations/{$response.body#/operationId}?api-version=2.0',
    settleSeconds: SETTLE_SECONDS,
    absenceIsProof: true,
  };
  const connections = {
    maps: { ...common, auth: { type: 'key', in: 'query', name: 'subscription-key', value: { file: credentials.keyFile } } },
    found: { ...common, find, auth: { type: 'bearer', value: { file: credentials.tokenFile } } },
    [`added-by-version-${version}`]: { baseUrl },
  };
  put(path, stringify({ connections, files: { readBelow: [folder], writeBelow: [folder] } }));
}

/** A file that every worker has to refuse. */
export function writeWrongFile({ path }: WorkerFile): void {
  put(path, 'connections:\n  maps: { baseUrl: nowhere, pole: {} }\n');
}

function put(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}
