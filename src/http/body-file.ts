/**
 * Files that callers may name as a request's body.
 *
 * Keeps true:
 * 1. Only files below `files.readBelow` (after all links are followed) and URLs on `files.urlHosts` are read; no redirect is followed.
 * 2. As many bytes are sent as were announced, or the request does not complete.
 * 3. Memory does not grow with the file.
 */
import { constants } from 'node:fs';
import { open, realpath, stat, type FileHandle } from 'node:fs/promises';
import { isAbsolute, resolve, sep } from 'node:path';
import type { Readable } from 'node:stream';
import type { AxiosInstance } from 'axios';
import type { FilesConfig } from '../config';
import type { BodyFile } from '../contract';
import { hostMatches } from '../lro/trust';
import type { Agents } from '../transport/agents';
import { reasonOf } from '../transport/reasons';
import { rootCause } from '../transport/axios-client';

/** The file may not be read, or is not there. Nothing was sent; asking again does not help. */
export class FileRefusedError extends Error {
  override readonly name = 'FileRefusedError';
}

/** The file could not be read this time. */
export class FileUnreadableError extends Error {
  override readonly name = 'FileUnreadableError';
}

/** A file that is open, its size known where its source says it. `bytes` can be read once; `close` is always called. */
export interface OpenedFile {
  sizeBytes?: number;
  bytes: AsyncIterable<Buffer>;
  close(): Promise<void>;
}

/** What is needed to fetch a file from a URL. */
export interface FileTransport {
  client: AxiosInstance;
  agents: Agents;
  signal: AbortSignal;
}

const CHUNK_BYTES = 262_144;

/**
 * Opens `file` for one reading.
 * @throws FileRefusedError when it is not allowed or not there
 * @throws FileUnreadableError when its source cannot be reached now
 */
export async function openBodyFile(file: BodyFile, files: FilesConfig, transport: FileTransport): Promise<OpenedFile> {
  if (file.path !== undefined && file.url === undefined) return openPath(file.path, files.readBelow);
  if (file.url !== undefined && file.path === undefined) return openUrl(file.url, files.urlHosts, transport);
  throw new FileRefusedError('a body file is named by either url or path');
}

async function openPath(path: string, folders: readonly string[]): Promise<OpenedFile> {
  const said = JSON.stringify(path.slice(0, 300));
  if (path === '' || path.includes('\0') || path.split(/[/\\]/).includes('..'))
    throw new FileRefusedError(`file ${said}: a path without ".." is needed`);
  const real = await allowedPath(path, folders, said);
  const handle = await openRegular(real, said);
  try {
    const { size, ino, dev } = await handle.stat();
    // Between the check of the path and its opening a folder on the way could have become a link.
    const [again, now] = await Promise.all([realpath(real), stat(real)]);
    if (again !== real || now.ino !== ino || now.dev !== dev) throw new FileRefusedError(`file ${said} was exchanged while it was opened`);
    const source = handle.createReadStream({ highWaterMark: CHUNK_BYTES, autoClose: false });
    return { sizeBytes: size, bytes: exactly(size, source, said), close: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw error instanceof FileRefusedError ? error : new FileRefusedError(`file ${said} cannot be read (${codeOf(error)})`);
  }
}

/** The real path of `path`. A relative one is looked for below each allowed folder, then from the working directory. */
async function allowedPath(path: string, folders: readonly string[], said: string): Promise<string> {
  const outside = new FileRefusedError(`file ${said} is not below a folder that the worker's file allows (files.readBelow)`);
  if (folders.length === 0) throw outside;
  const candidates = isAbsolute(path) ? [path] : [...folders.map((folder) => resolve(folder, path)), resolve(path)];
  const realFolders = await Promise.all(folders.map((folder) => realpath(folder).catch(() => undefined)));
  for (const candidate of candidates) {
    const real = await realpath(candidate).catch(() => undefined);
    if (real !== undefined && realFolders.some((folder) => folder !== undefined && isBelow(real, folder))) return real;
  }
  // Whether something outside exists is nobody's business.
  const wouldBeInside = candidates.some((candidate) => folders.some((folder) => isBelow(candidate, folder)));
  const exists = await Promise.any(candidates.map((candidate) => realpath(candidate))).catch(() => undefined);
  throw wouldBeInside && exists === undefined ? new FileRefusedError(`file ${said} does not exist`) : outside;
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

async function openRegular(real: string, said: string): Promise<FileHandle> {
  try {
    // A pipe would block until somebody writes.
    if (!(await stat(real)).isFile()) throw new FileRefusedError(`${said} is not a file`);
    return await open(real, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    throw error instanceof FileRefusedError ? error : new FileRefusedError(`file ${said} cannot be read (${codeOf(error)})`);
  }
}

async function openUrl(text: string, hosts: readonly string[], { client, agents, signal }: FileTransport): Promise<OpenedFile> {
  if (!URL.canParse(text)) throw new FileRefusedError('the body file has a URL that is none');
  const url = new URL(text);
  // The query of such a URL is often a signature: it is never repeated.
  const said = `file ${url.protocol}//${url.host}${url.pathname.slice(0, 200)}`;
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname)))
    throw new FileRefusedError(`${said}: only https URLs are read`);
  if (url.username !== '' || url.password !== '') throw new FileRefusedError(`${said}: its URL carries a user name or password`);
  if (!hosts.some((pattern) => hostMatches(url, pattern))) {
    throw new FileRefusedError(`${said} is not on a host that the worker's file allows (files.urlHosts)`);
  }
  let response;
  try {
    response = await client.get<Readable>(text, {
      headers: { accept: '*/*', 'accept-encoding': 'identity' },
      decompress: false,
      httpAgent: agents.http,
      httpsAgent: agents.https,
      signal,
    });
  } catch (error) {
    throw new FileUnreadableError(
      `${said} could not be read: ${signal.aborted ? 'no answer in time' : reasonOf(rootCause(error), url.host)}`,
    );
  }
  const { status, data, headers } = response;
  if (status !== 200) {
    data.on('error', () => undefined).destroy();
    const message = `${said} could not be read: its host answered ${status}`;
    throw status < 500 && status !== 408 && status !== 429 ? new FileRefusedError(message) : new FileUnreadableError(message);
  }
  const announced = headers['content-length'] as unknown;
  const sizeBytes = typeof announced === 'string' && /^\d+$/.test(announced) ? Number(announced) : undefined;
  const bytes = exactly(sizeBytes, data, said);
  const close = () => {
    data.on('error', () => undefined).destroy();
    return Promise.resolve();
  };
  return sizeBytes === undefined ? { bytes, close } : { sizeBytes, bytes, close };
}

/** The bytes of `source`, the last of them only once it is sure that no more and no fewer than `sizeBytes` came. */
async function* exactly(sizeBytes: number | undefined, source: Readable, said: string): AsyncGenerator<Buffer> {
  let seen = 0;
  let held: Buffer | undefined;
  for await (const chunk of source as AsyncIterable<Buffer>) {
    if (held !== undefined) yield held;
    held = chunk;
    seen += chunk.length;
    if (sizeBytes !== undefined && seen > sizeBytes) break;
  }
  if (sizeBytes !== undefined && seen !== sizeBytes) throw new FileUnreadableError(`${said} changed its size while it was sent`);
  if (held !== undefined) yield held;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown error';
}
