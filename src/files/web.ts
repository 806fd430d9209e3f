/**
 * Files on web servers, which are only read.
 *
 * Keeps true: only hosts on `files.urlHosts` are asked, at addresses that the agents allow; no redirect is followed, no proxy asked; nothing the worker knows is sent along.
 */
import type { Readable } from 'node:stream';
import type { AxiosInstance, AxiosResponse } from 'axios';
import { hostMatches } from '../lro/trust';
import { isRefusedAddress } from '../transport/addresses';
import type { Agents } from '../transport/agents';
import { openAxios, rootCause } from '../transport/axios-client';
import { reasonOf } from '../transport/reasons';
import { FileRefusedError, FileUnreadableError } from './errors';
import { bytesWithin, cut, exactly, NO_BYTES, translated, type ByteRange, type OpenedFile } from './opened-file';
import type { FileUrl } from './urls';

const HEADERS = { accept: '*/*', 'accept-encoding': 'identity' };

export class WebFiles {
  private readonly client: AxiosInstance = openAxios();

  constructor(
    private readonly hosts: readonly string[],
    private readonly agents: Agents,
  ) {}

  /** @throws FileRefusedError | FileUnreadableError */
  async open(file: FileUrl, range: ByteRange | undefined, signal: AbortSignal): Promise<OpenedFile> {
    const response = await this.ask(file, range, signal);
    const { status, data } = response;
    const { label, url } = file;
    const close = () => {
      data.on('error', () => undefined).destroy();
      return Promise.resolve();
    };
    try {
      const source = translated(data, (error) => brokenOff(label, url.host, error, signal));
      const announced = announcedBytes(response);
      if (range !== undefined && status === 416) return { sizeBytes: 0, bytes: NO_BYTES, close };
      if (range !== undefined && status === 206) {
        const sizeBytes = partBytes(response, range, label);
        return { sizeBytes, bytes: exactly(sizeBytes, source, label), close };
      }
      if (status !== 200) throw refusal(label, status);
      // A host that knows no ranges sends all of it.
      const sizeBytes = range === undefined || announced === undefined ? announced : bytesWithin(range, announced);
      const bytes = exactly(sizeBytes, range === undefined ? source : cut(range, source), label);
      const version = response.headers['etag'] as unknown;
      return { sizeBytes, version: typeof version === 'string' ? version : undefined, bytes, close };
    } catch (error) {
      await close();
      throw error;
    }
  }

  /** Asks with GET: not every signature covers HEAD. @throws FileRefusedError | FileUnreadableError */
  async exists(file: FileUrl, signal: AbortSignal): Promise<boolean> {
    const { status, data } = await this.ask(file, { offset: 0, bytes: 1 }, signal);
    data.on('error', () => undefined).destroy();
    if (status === 404 || status === 410) return false;
    // 416: there, but empty.
    if (status === 200 || status === 206 || status === 416) return true;
    throw refusal(file.label, status);
  }

  private async ask({ text, url, label }: FileUrl, range: ByteRange | undefined, signal: AbortSignal): Promise<AxiosResponse<Readable>> {
    if (!this.hosts.some((pattern) => hostMatches(url, pattern)))
      throw new FileRefusedError(`${label} is not on a host that the worker's file allows (files.urlHosts)`, { dependsOnFile: true });
    try {
      return await this.client.get<Readable>(text, {
        headers: range === undefined ? HEADERS : { ...HEADERS, range: `bytes=${range.offset}-${range.offset + range.bytes - 1}` },
        decompress: false,
        httpAgent: this.agents.http,
        httpsAgent: this.agents.https,
        signal,
      });
    } catch (error) {
      const cause = rootCause(error);
      if (isRefusedAddress(cause)) throw new FileRefusedError(`${label} may not be read: ${cause.message}`);
      const reason = signal.aborted ? 'no answer in time' : reasonOf(cause, url.host);
      throw new FileUnreadableError(`${label} could not be read: ${reason}`);
    }
  }
}

function refusal(label: string, status: number): Error {
  const message = `${label} could not be read: its host answered ${status}`;
  const passes = status >= 500 || status === 408 || status === 429;
  return passes ? new FileUnreadableError(message) : new FileRefusedError(message, { notThere: status === 404 || status === 410 });
}

function brokenOff(label: string, host: string, error: unknown, signal: AbortSignal): Error {
  const reason = signal.aborted ? 'there was no time left' : reasonOf(rootCause(error), host);
  return new FileUnreadableError(`${label} could not be read to its end: ${reason}`);
}

/** `Content-Length`, where it says one. */
function announcedBytes({ headers }: AxiosResponse): number | undefined {
  const announced = headers['content-length'] as unknown;
  return typeof announced === 'string' && /^\d+$/.test(announced) ? Number(announced) : undefined;
}

/** The size of the part in a 206 [RFC 9110 §14.4], which must be the one that was asked for or, at the end of the file, its beginning. */
function partBytes({ headers }: AxiosResponse, range: ByteRange, label: string): number {
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/i.exec(String(headers['content-range'])) ?? [];
  const sizeBytes = Number(last) - Number(first) + 1;
  const expected = total === undefined || total === '*' ? sizeBytes : bytesWithin(range, Number(total));
  if (first === undefined || Number(first) !== range.offset || sizeBytes < 1 || sizeBytes > range.bytes || sizeBytes !== expected)
    throw new FileUnreadableError(`${label} could not be read: its host answered with another range than was asked for`);
  return sizeBytes;
}
