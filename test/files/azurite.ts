/** Azure Blob Storage on this machine: npm's `azurite` as a process, its content in memory and gone with it. */
import { readFileSync } from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import { join, resolve } from 'node:path';
import { ContainerClient, StorageSharedKeyCredential, type StoragePipelineOptions } from '@azure/storage-blob';
import { startChild } from '../../src/devserver';
import { atEnd, folder } from './support';

/** The emulator's well-known account and key [Azurite, "Well-known storage account and key"]. */
export const ACCOUNT = 'devstoreaccount1';
export const ACCOUNT_KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

const CERTIFICATES = resolve(__dirname, '../http/certificates');
/** Self-signed, for 127.0.0.1. */
export const CERTIFICATE = readFileSync(join(CERTIFICATES, 'cert.pem'), 'utf8');

/** Starts it on a port of its own choice and returns its URL with the account. With `secure` it speaks https and takes tokens. */
export async function startAzurite(secure = false): Promise<string> {
  const tls = ['--cert', join(CERTIFICATES, 'cert.pem'), '--key', join(CERTIFICATES, 'key.pem'), '--oauth', 'basic'];
  const child = await startChild({
    name: 'Azurite',
    command: process.execPath,
    args: [
      require.resolve('azurite/dist/src/blob/main.js'),
      ...['--blobPort', '0', '--inMemoryPersistence', '--skipApiVersionCheck', '--disableTelemetry', '--silent'],
      ...(secure ? tls : []),
    ],
    // Where it would keep files.
    cwd: folder(),
    readyLine: /successfully listens on (https?:\S+)/,
  });
  atEnd(() => child.stop());
  return `${child.ready?.[1] ?? ''}/${ACCOUNT}`;
}

/** A new container, seen as its owner. */
export async function newContainer(accountUrl: string, name: string): Promise<ContainerClient> {
  // Passed on to the library's pipeline, though its own type does not name it. With an agent it asks no proxy of the environment.
  const agent = accountUrl.startsWith('https:') ? new https.Agent({ ca: CERTIFICATE }) : new http.Agent();
  const options: StoragePipelineOptions & { agent: http.Agent } = { agent };
  const container = new ContainerClient(`${accountUrl}/${name}`, new StorageSharedKeyCredential(ACCOUNT, ACCOUNT_KEY), options);
  await container.create();
  return container;
}
