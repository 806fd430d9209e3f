/**
 * Files in Azure Blob Storage, in the containers that the worker's file names.
 *
 * Keeps true:
 * 1. A blob's name leads to no other container, and nothing is written to a container that is not `writable`.
 * 2. A blob appears whole or not at all: it is committed in one request.
 * 3. Nothing of the library's errors but status and code is repeated (see `blob-errors.ts`).
 */
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { BlockBlobClient } from '@azure/storage-blob';
import type { BlobContainerConfig } from '../config';
import { ContainerDoor, type BlobDependencies } from './blob-client';
import { blobProblem, blobStatus } from './blob-errors';
import { FileRefusedError, FileUnreadableError, isFileError } from './errors';
import { exactly, NO_BYTES, translated, type ByteRange, type OpenedFile } from './opened-file';
import { inBlocks, sourceBytes, SourceError } from './source';
import type { FileUrl } from './urls';

/** A blob has at most 50,000 blocks [Put Block List]: this allows 200 GB. Two of them are held at a time. */
const BLOCK_BYTES = 4_194_304;
/** Timeout of one request, also of sending a block. */
const REQUEST_TIMEOUT_MS = 120_000;
/** How often a broken download is continued where it stopped; the library checks that it is the same blob. */
const RESUMES = 3;
/** Suffix of the blob that tests whether a file can be written. */
const PROBE_SUFFIX = '.durable-lro-probe';

/** One container. */
export class BlobFiles {
  private readonly door: ContainerDoor;
  private readonly prefix: URL;

  constructor(
    private readonly container: BlobContainerConfig,
    dependencies: BlobDependencies,
  ) {
    this.door = new ContainerDoor(container, dependencies);
    this.prefix = new URL(`${container.url}/`);
  }

  /** Whether the URL lies in this container. */
  holds({ url }: FileUrl): boolean {
    return url.origin === this.prefix.origin && url.pathname.startsWith(this.prefix.pathname);
  }

  /** @throws FileRefusedError | FileUnreadableError */
  async open(file: FileUrl, range: ByteRange | undefined, signal: AbortSignal): Promise<OpenedFile> {
    const failed = (error: unknown, what = 'could not be read') => blobProblem(file.label, what, this.prefix.host, error);
    try {
      const blob = await this.blob(file);
      const response = await blob.download(range?.offset ?? 0, range?.bytes, { abortSignal: signal, maxRetryRequests: RESUMES });
      const { contentLength: sizeBytes, readableStreamBody, etag: version } = response;
      if (!(readableStreamBody instanceof Readable) || sizeBytes === undefined)
        throw new FileUnreadableError(`${file.label} could not be read: its store did not answer with a file`);
      const stream = readableStreamBody;
      const close = () => {
        stream.on('error', () => undefined).destroy();
        return Promise.resolve();
      };
      const source = translated(stream as AsyncIterable<Buffer>, (error) => failed(error, 'could not be read to its end'));
      return { sizeBytes, version, bytes: exactly(sizeBytes, source, file.label), close };
    } catch (error) {
      // The range is behind the end of the blob.
      if (range !== undefined && blobStatus(error) === 416) return { sizeBytes: 0, bytes: NO_BYTES, close: () => Promise.resolve() };
      throw failed(error);
    }
  }

  /** @throws FileRefusedError */
  refuseUnwritable(file: FileUrl): void {
    this.refuseReadOnly(file);
    this.nameOf(file);
  }

  /** @throws FileRefusedError | FileUnreadableError */
  async checkFree(file: FileUrl, signal?: AbortSignal): Promise<void> {
    this.refuseReadOnly(file);
    if (await this.exists(file, signal)) throw new FileRefusedError(`${file.label} exists already`);
  }

  /**
   * Sends a block of another blob and never commits it: this needs the same permissions as writing, none to delete, and leaves nothing
   * visible; the service removes the block by itself.
   * @throws FileRefusedError | FileUnreadableError
   */
  async checkWritable(file: FileUrl, signal?: AbortSignal): Promise<void> {
    await this.checkFree(file, signal);
    await this.asking(file, 'cannot be written', async () => {
      const probe = await this.blob(file, PROBE_SUFFIX);
      await probe.stageBlock(blockId('probe', 0), Buffer.from('?'), 1, { abortSignal: inTime(signal) });
    });
  }

  /** @throws FileRefusedError | FileUnreadableError, or whatever reading `bytes` throws */
  async write(file: FileUrl, bytes: Buffer | AsyncIterable<Buffer>, signal?: AbortSignal): Promise<void> {
    this.refuseReadOnly(file);
    await this.asking(file, 'could not be written', async () => {
      const blob = await this.blob(file);
      const write = randomUUID();
      const ids: string[] = [];
      const stage = async (block: Buffer) => {
        const id = blockId(write, ids.length);
        await blob.stageBlock(id, block, block.length, { abortSignal: inTime(signal) });
        ids.push(id);
      };
      let held: Buffer | undefined;
      for await (const block of inBlocks(sourceBytes(bytes), BLOCK_BYTES)) {
        if (held !== undefined) await stage(held);
        held = block;
      }
      if (ids.length === 0) {
        const whole = held ?? Buffer.alloc(0);
        await blob.upload(whole, whole.length, { abortSignal: inTime(signal) });
        return;
      }
      if (held !== undefined) await stage(held);
      await blob.commitBlockList(ids, { abortSignal: inTime(signal) });
    });
  }

  /** @throws FileRefusedError | FileUnreadableError */
  async exists(file: FileUrl, signal?: AbortSignal): Promise<boolean> {
    return this.asking(file, 'cannot be looked for', async () => (await this.blob(file)).exists({ abortSignal: inTime(signal) }));
  }

  /** @throws FileRefusedError | FileUnreadableError */
  async remove(file: FileUrl, signal?: AbortSignal): Promise<void> {
    this.refuseReadOnly(file);
    await this.asking(file, 'cannot be removed', async () => {
      try {
        await (await this.blob(file)).delete({ abortSignal: inTime(signal), deleteSnapshots: 'include' });
      } catch (error) {
        if (blobStatus(error) !== 404) throw error;
      }
    });
  }

  private async asking<T>(file: FileUrl, what: string, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      if (isFileError(error)) throw error;
      if (error instanceof SourceError) throw error.cause;
      throw blobProblem(file.label, what, this.prefix.host, error);
    }
  }

  private refuseReadOnly({ label }: FileUrl): void {
    if (!this.container.writable)
      throw new FileRefusedError(
        `${label} is in a container that the worker's file does not let be written (files.blobContainers, writable)`,
        { dependsOnFile: true },
      );
  }

  private async blob(file: FileUrl, suffix = ''): Promise<BlockBlobClient> {
    const name = this.nameOf(file);
    return (await this.door.client()).getBlockBlobClient(name + suffix);
  }

  /** The blob's name. @throws FileRefusedError when it could mean something else than it says */
  private nameOf({ url, label }: FileUrl): string {
    if (url.search !== '' || url.hash !== '')
      throw new FileRefusedError(
        `${label}: its URL carries a query or fragment, and the worker has credentials of its own for this container (files.blobContainers)`,
      );
    let name: string;
    try {
      name = decodeURIComponent(url.pathname.slice(this.prefix.pathname.length));
    } catch {
      throw new FileRefusedError(`${label}: its URL is not well formed`);
    }
    if (name === '' || name.endsWith('/')) throw new FileRefusedError(`${label} names a folder, not a file`);
    // The library would put `..` into a URL, where it leads out of the container.
    if (name.split(/[/\\]/).some((segment) => segment === '.' || segment === '..') || /[\u0000-\u001f\u007f]/.test(name))
      throw new FileRefusedError(`${label}: a name without "." and ".." as folders is needed`);
    return name;
  }
}

/** Ids of one blob's blocks must all be of one length [Put Block]. */
function blockId(write: string, index: number): string {
  return Buffer.from(`${write.padEnd(36, '-')}-${String(index).padStart(6, '0')}`).toString('base64');
}

/** Aborts with `signal`, or at the timeout of one request. */
function inTime(signal: AbortSignal | undefined): AbortSignal {
  const timeout = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
  return signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
}
