/**
 * Reads and writes the files that callers may name: bodies, manifests, reports. The only place that does.
 *
 * Keeps true:
 * 1. Only what the worker's file allows is read or written (`files`; default: nothing).
 * 2. As many bytes are yielded as were announced, or the reading fails. A file is written whole or not at all.
 * 3. Memory does not grow with the file.
 * 4. Hosts of `files.urlHosts` are asked at public addresses only, unless the worker's file says otherwise: callers choose among them.
 * 5. No message holds a credential or a signature.
 */
import type { LookupFunction } from 'node:net';
import type { FilesConfig } from '../config';
import type { FileRef } from '../contract';
import { guardAgainstPrivate } from '../transport/addresses';
import { closeAgents, openAgents } from '../transport/agents';
import type { OpenTokenSource } from '../transport/entra';
import { BlobFiles } from './blob';
import { FileRefusedError } from './errors';
import { LocalFiles } from './local';
import type { ByteRange, OpenedFile } from './opened-file';
import { fileUrl, type FileUrl } from './urls';
import { WebFiles } from './web';

/** Files that callers name. `FileRefusedError`: not allowed or does not exist. `FileUnreadableError`: cannot be read now. */
export interface Files {
  /**
   * Opens for one reading, whole or a range. `signal` ends waiting for the store, while it is read as well.
   * @throws FileRefusedError | FileUnreadableError
   */
  open(file: FileRef, options: { range?: ByteRange; signal: AbortSignal }): Promise<OpenedFile>;
  /**
   * Whether a new file can be written there: really tries it with a file beside it that is gone afterwards, and refuses what exists
   * already. Missing local folders are made.
   * @throws FileRefusedError | FileUnreadableError
   */
  checkWritable(file: FileRef, signal?: AbortSignal): Promise<void>;
  /**
   * Writes whole or not at all, and replaces what is there. Missing local folders are made.
   * @throws FileRefusedError | FileUnreadableError, or whatever reading `bytes` throws
   */
  write(file: FileRef, bytes: Buffer | AsyncIterable<Buffer>, signal?: AbortSignal): Promise<void>;
  /**
   * Whether such a file might be written there, as far as that can be said without looking: for many names at once.
   * @throws FileRefusedError
   */
  refuseUnwritable(file: FileRef): void;
  /** Whether it may be written there, and nothing is there yet. Writes nothing. @throws FileRefusedError | FileUnreadableError */
  checkFree(file: FileRef, signal?: AbortSignal): Promise<void>;
  /**
   * The same as `write`, for one that a killed worker may have left half written: its next try takes the place of the half. Of two writers
   * at once the later wins, and the other fails.
   * @throws FileRefusedError | FileUnreadableError, or whatever reading `bytes` throws
   */
  writeAgain(file: FileRef, bytes: AsyncIterable<Buffer>, signal?: AbortSignal): Promise<void>;
  /** Of a file that a final body goes to. */
  readonly maxResultBytes: number;
  /** Whether it is there, wherever it may be read or written. @throws FileRefusedError | FileUnreadableError */
  exists(file: FileRef, signal?: AbortSignal): Promise<boolean>;
  /** Removes what may be written; nothing there is fine. @throws FileRefusedError | FileUnreadableError */
  remove(file: FileRef, signal?: AbortSignal): Promise<void>;
  /** Closes idle sockets. */
  close(): void;
}

/** What files are given from outside. */
export interface FileDependencies {
  /** Where `{ env: NAME }` is looked up at every use. Default `process.env`. */
  env?: NodeJS.ProcessEnv;
  /** Is told every secret before it is used. */
  onSecret?: (secret: string) => void;
  /** Instead of `@azure/identity`. */
  openTokenSource?: OpenTokenSource;
  /** Certificates to trust instead of the system's (PEM). */
  ca?: string;
  /** Instead of the system's resolver. */
  lookup?: LookupFunction;
}

const PRIVATE_ADVICE = ' ("privateHosts: allow" below "files" of the worker\'s file changes that)';
const CONNECT_SECONDS = 30;
const MAX_BLOB_SOCKETS = 50;
/** Timeout of `exists`, if the caller gives no signal. */
const ANSWER_TIMEOUT_MS = 60_000;

/** Opens nothing yet; that happens with the first file. */
export function openFiles(config: FilesConfig, { env = process.env, onSecret, openTokenSource, ca, lookup }: FileDependencies = {}): Files {
  const guard = config.privateHosts === 'allow' ? undefined : guardAgainstPrivate({ advice: PRIVATE_ADVICE, find: lookup });
  const webAgents = openAgents({ keepAlive: false, maxSockets: Infinity, connectSeconds: CONNECT_SECONDS, ca, guard });
  // Not guarded: whoever writes the file names a container as a whole, as it does a base URL.
  const blobAgents = openAgents({ keepAlive: true, maxSockets: MAX_BLOB_SOCKETS, connectSeconds: CONNECT_SECONDS, ca });
  const local = new LocalFiles({
    // What was written may be read again: a report is what a retry starts from.
    readable: { folders: [...config.readBelow, ...config.writeBelow], setting: 'files.readBelow' },
    writable: { folders: config.writeBelow, setting: 'files.writeBelow' },
  });
  const web = new WebFiles(config.urlHosts, webAgents);
  const containers = config.blobContainers.map(
    (container) => new BlobFiles(container, { agents: blobAgents, env, onSecret, openTokenSource, ca }),
  );

  /** The store that a file lies in. @throws FileRefusedError */
  function storeOf({ path, url }: FileRef): { path: string } | { file: FileUrl; blobs?: BlobFiles } {
    if (path !== undefined && url === undefined) return { path };
    if (url === undefined || path !== undefined) throw new FileRefusedError('a file is named by either url or path');
    const file = fileUrl(url);
    const blobs = containers.find((container) => container.holds(file));
    return blobs === undefined ? { file } : { file, blobs };
  }

  /** The same for writing. @throws FileRefusedError */
  function writableStoreOf(file: FileRef): { path: string } | { file: FileUrl; blobs: BlobFiles } {
    const store = storeOf(file);
    if ('path' in store) return store;
    if (store.blobs === undefined)
      throw new FileRefusedError(`${store.file.label} is not in a container that the worker's file allows (files.blobContainers)`, {
        dependsOnFile: true,
      });
    return { file: store.file, blobs: store.blobs };
  }

  return {
    async open(file, { range, signal }) {
      if (range !== undefined && !(isCount(range.offset, 0) && isCount(range.bytes, 1)))
        throw new RangeError('a range has an offset of at least 0 and at least 1 byte');
      const store = storeOf(file);
      if ('path' in store) return local.open(store.path, range);
      return (store.blobs ?? web).open(store.file, range, signal);
    },
    async checkWritable(file, signal) {
      const store = writableStoreOf(file);
      return 'path' in store ? local.checkWritable(store.path) : store.blobs.checkWritable(store.file, signal);
    },
    async write(file, bytes, signal) {
      const store = writableStoreOf(file);
      return 'path' in store ? local.write(store.path, bytes, signal) : store.blobs.write(store.file, bytes, signal);
    },
    refuseUnwritable(file) {
      const store = writableStoreOf(file);
      if ('path' in store) local.refuseUnwritable(store.path);
      else store.blobs.refuseUnwritable(store.file);
    },
    async checkFree(file, signal) {
      const store = writableStoreOf(file);
      return 'path' in store ? local.checkFree(store.path) : store.blobs.checkFree(store.file, signal);
    },
    async writeAgain(file, bytes, signal) {
      const store = writableStoreOf(file);
      return 'path' in store ? local.write(store.path, bytes, signal, 'again') : store.blobs.write(store.file, bytes, signal);
    },
    maxResultBytes: config.maxResultBytes,
    async exists(file, signal) {
      const store = storeOf(file);
      if ('path' in store) return local.exists(store.path);
      return (store.blobs ?? web).exists(store.file, signal ?? AbortSignal.timeout(ANSWER_TIMEOUT_MS));
    },
    async remove(file, signal) {
      const store = writableStoreOf(file);
      return 'path' in store ? local.remove(store.path) : store.blobs.remove(store.file, signal);
    },
    close() {
      closeAgents(webAgents);
      closeAgents(blobAgents);
    },
  };
}

function isCount(value: number, least: number): boolean {
  return Number.isSafeInteger(value) && value >= least;
}
