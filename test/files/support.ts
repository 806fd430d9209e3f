/** What tests of files share: folders of their own, bytes to write and read, and how much memory that takes. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { NO_FILES, type FilesConfig } from '../../src/config';
import type { FileRef } from '../../src/contract';
import { openFiles, type ByteRange, type Files, type FileDependencies } from '../../src/files';

const closers: (() => unknown)[] = [];
/** Runs `close` after the file's tests, the latest first. */
export function atEnd(close: () => unknown): void {
  closers.push(close);
}
afterAll(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

export function folder(below = tmpdir()): string {
  mkdirSync(below, { recursive: true });
  const path = realpathSync(mkdtempSync(join(below, 'lro-files-')));
  atEnd(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export function files(config: Partial<FilesConfig>, dependencies: FileDependencies = {}): Files {
  const opened = openFiles({ ...NO_FILES, ...config }, { env: {}, ...dependencies });
  atEnd(() => opened.close());
  return opened;
}

/** A file's content, and the size that was announced. */
export async function read(from: Files, file: FileRef, range?: ByteRange): Promise<{ sizeBytes: number | undefined; text: string }> {
  const opened = await from.open(file, { range, signal: AbortSignal.timeout(20_000) });
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of opened.bytes) chunks.push(chunk);
    return { sizeBytes: opened.sizeBytes, text: Buffer.concat(chunks).toString() };
  } finally {
    await opened.close();
  }
}

export async function* chunks(...texts: string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield await Promise.resolve(Buffer.from(text));
}

/** The error that `work` ends with. */
export async function errorOf(work: Promise<unknown>): Promise<Error> {
  try {
    await work;
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was refused');
}

/** A number of MiB, of which no two are alike. Tells on the way how much memory outside the heap is in use at most. */
export class Stream {
  private readonly atStart: number;
  private peak = 0;

  constructor(private readonly mebibytes: number) {
    this.atStart = heldBytes();
  }

  async *bytes(): AsyncGenerator<Buffer> {
    for (let index = 0; index < this.mebibytes; index++) {
      if (index % 4 === 0) this.sample();
      yield await Promise.resolve(Buffer.alloc(1_048_576, index));
    }
  }

  /** Looks how much is held now. */
  sample(): void {
    this.peak = Math.max(this.peak, heldBytes() - this.atStart);
  }

  get peakMebibytes(): number {
    return this.peak / 1_048_576;
  }
}

/** Bytes outside the heap that something still refers to. */
export function heldBytes(): number {
  // What the first run frees is counted off in the background, at the latest when the second begins.
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
