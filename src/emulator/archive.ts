/** A ZIP archive on disk, read entry by entry: with no more of it in memory than is read. */
import type { Readable } from 'node:stream';
import type { Entry, ZipFile } from 'yauzl';
import { openPromise } from 'yauzl';

export class Archive {
  private constructor(
    private readonly file: ZipFile,
    private readonly entries: Map<string, Entry>,
  ) {}

  /** Throws when the file is no ZIP archive, or its directory cannot be read. */
  static async open(filePath: string): Promise<Archive> {
    const file = await openPromise(filePath, { lazyEntries: true, autoClose: false });
    try {
      return new Archive(file, await entriesOf(file));
    } catch (error) {
      file.close();
      throw error;
    }
  }

  get isEmpty(): boolean {
    return this.entries.size === 0;
  }

  /** @returns the size of the entry of this name in bytes; undefined when there is no such entry */
  sizeOf(name: string): number | undefined {
    return this.entries.get(plainName(name))?.uncompressedSize;
  }

  /** The first bytes of an entry, all of them when it is not longer. Throws when there is no such entry, or it cannot be unpacked. */
  async readStart(name: string, maxBytes: number): Promise<Buffer> {
    const entry = this.entries.get(plainName(name));
    if (entry === undefined) throw new Error(`'${name}' is not in the archive`);
    return collect(await this.file.openReadStreamPromise(entry), maxBytes);
  }

  close(): void {
    this.file.close();
  }
}

async function entriesOf(file: ZipFile): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  for await (const entry of file.eachEntry()) entries.set(plainName(entry.fileName), entry);
  return entries;
}

/** Manifests write `./Ground.dwg`; letter case does not matter to the service. */
function plainName(fileName: string): string {
  return fileName.replaceAll('\\', '/').replace(/^\.\//, '').toLowerCase();
}

/** Leaving the loop destroys the stream. */
async function collect(stream: Readable, maxBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of stream as AsyncIterable<Buffer>) {
    parts.push(part);
    length += part.length;
    if (length >= maxBytes) break;
  }
  return Buffer.concat(parts).subarray(0, maxBytes);
}
