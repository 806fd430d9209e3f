/** The body of one try of a request: opened anew for every try, watched while it is sent, closed whatever happens. */
import { Readable } from 'node:stream';
import { FileRefusedError, FileUnreadableError, type Files } from '../files';
import type { BodyFile } from '../contract';
import type { OutgoingRequest } from './request';
import type { ExchangeTimeout } from './exchange-timeout';

export interface Upload {
  kind: 'ready';
  body?: Buffer | Readable;
  /** The body's own; nobody may set them otherwise. */
  headers: Readonly<Record<string, string>>;
  /** Used where nobody says otherwise. */
  defaultHeaders: Readonly<Record<string, string>>;
  /** What went wrong with the source while it was sent, if anything. */
  failure(): string | undefined;
  close(): Promise<void>;
}

export interface UploadDependencies {
  files: Files;
  timeout: ExchangeTimeout;
}

const NO_FAILURE = () => undefined;
const NOTHING_TO_CLOSE = () => Promise.resolve();

/**
 * @returns `unreadable` when the source of a file cannot be reached now
 * @throws FileRefusedError
 */
export async function openUpload(
  body: OutgoingRequest['body'],
  { files, timeout }: UploadDependencies,
): Promise<Upload | { kind: 'unreadable'; reason: string }> {
  if (body === undefined) return { kind: 'ready', headers: {}, defaultHeaders: {}, failure: NO_FAILURE, close: NOTHING_TO_CLOSE };
  if (body.kind === 'json') {
    return {
      kind: 'ready',
      body: Buffer.from(JSON.stringify(body.value)),
      headers: {},
      defaultHeaders: { 'content-type': 'application/json' },
      failure: NO_FAILURE,
      close: NOTHING_TO_CLOSE,
    };
  }
  try {
    const opened = await files.open(body.file, { signal: timeout.signal });
    if (isAnother(opened.version, body.file.version)) {
      await opened.close();
      throw new FileRefusedError(`${nameOf(body.file)} has changed since it was looked at first; nothing of it was sent`);
    }
    const failed: { reason?: string } = {};
    const { contentType } = body.file;
    const stream = Readable.from(watched(opened.bytes, timeout, failed), { objectMode: false, highWaterMark: 1 });
    return {
      kind: 'ready',
      body: stream,
      headers: ownHeaders(opened.sizeBytes, contentType),
      defaultHeaders: { 'content-type': 'application/octet-stream' },
      failure: () => failed.reason,
      close: async () => {
        stream.on('error', () => undefined).destroy();
        await opened.close();
      },
    };
  } catch (error) {
    if (error instanceof FileUnreadableError) return { kind: 'unreadable', reason: error.message };
    throw error;
  }
}

function ownHeaders(sizeBytes: number | undefined, contentType: string | undefined): Record<string, string> {
  const headers: Record<string, string> = {};
  if (sizeBytes !== undefined) headers['content-length'] = String(sizeBytes);
  if (contentType !== undefined) headers['content-type'] = contentType;
  return headers;
}

function isAnother(version: string | undefined, wanted: string | undefined): boolean {
  return version !== undefined && wanted !== undefined && version !== wanted;
}

/** Without the query of a URL, which is often a signature. */
function nameOf({ path, url = '' }: BodyFile): string {
  return `file ${path ?? url.split('?')[0] ?? ''}`;
}

/** Passes the bytes on. Every piece that is sent shows that the upload is alive, and starts the time anew. */
async function* watched(bytes: AsyncIterable<Buffer>, timeout: ExchangeTimeout, failed: { reason?: string }): AsyncGenerator<Buffer> {
  timeout.touch();
  try {
    for await (const chunk of bytes) {
      yield chunk;
      timeout.touch();
    }
  } catch (error) {
    failed.reason = error instanceof FileUnreadableError ? error.message : 'the body file could not be read to its end';
    throw error;
  }
}
