/**
 * Writes an operation's final body to the file that its caller names (`resultFile`).
 *
 * Keeps true:
 * 1. Memory does not grow with the body, and no more than `files.maxResultBytes` are written.
 * 2. Nothing thrown leaves here: whatever happens to the file, the operation keeps its end. What is said of it holds no secret.
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FileRef, ResultFile } from '../contract';
import { FileRefusedError, FileUnreadableError, type Files } from '../files';
import type { BodyTarget } from '../http';
import type { Answer } from '../lro/answer';
import type { FileContent, Written } from '../lro/result-file';

/** Of what is in memory: the answer to a submit cannot be had again. */
const TRIES = 4;
const FIRST_PAUSE_MS = 500;

const MAX_TYPE_CHARS = 256;

export interface ResultBodyOptions {
  files: Files;
  target: FileRef;
  /** What of an answer is the final body; undefined: nothing. */
  contentOf(answer: Answer): FileContent | undefined;
  /** Ends reading and writing. */
  signal: AbortSignal;
  /** The exchange may take as long as bytes come, until `signal`. */
  untilSilent?: boolean;
}

class TooLongError extends Error {}

/** One file, and what came of it. */
export class ResultBody {
  /** Absent as long as there was no final body. */
  written: Written | undefined;
  /** To be given to the exchange whose answer may be the final body. */
  readonly target: BodyTarget;

  constructor(private readonly options: ResultBodyOptions) {
    const { signal, untilSilent } = options;
    this.target = { signal, untilSilent, writerOf: (answer) => this.writerOf(answer) };
  }

  private writerOf(answer: Answer): ReturnType<BodyTarget['writerOf']> {
    const content = this.options.contentOf(answer);
    if (content === undefined) return undefined;
    return async (bytes) => {
      switch (content.kind) {
        case 'none':
          this.written = { kind: 'failed', reason: content.reason, isFinal: true };
          return;
        case 'part':
          this.written = await this.writeWhole(Buffer.from(JSON.stringify(content.value)), 'application/json');
          return;
        case 'body': {
          const type = answer.headers['content-type']?.slice(0, MAX_TYPE_CHARS) ?? 'application/octet-stream';
          this.written =
            answer.body.cutBy === undefined ? await this.writeWhole(await wholeOf(bytes), type) : await this.write(bytes, type);
        }
      }
    };
  }

  /** What is in memory is tried some times. */
  private async writeWhole(bytes: Buffer, contentType: string): Promise<Written> {
    for (let tried = 1; ; tried++) {
      const written = await this.write(onlyOne(bytes), contentType);
      if (written.kind === 'written' || written.isFinal || tried >= TRIES || this.options.signal.aborted) return written;
      await sleep(FIRST_PAUSE_MS * 2 ** (tried - 1));
    }
  }

  private async write(bytes: AsyncIterable<Buffer>, contentType: string): Promise<Written> {
    const { files, target, signal } = this.options;
    const seen = { bytes: 0, hash: createHash('sha256') };
    try {
      await files.writeAgain(target, this.counted(bytes, seen), signal);
      const file: ResultFile = { ...target, bytes: seen.bytes, sha256: seen.hash.digest('hex'), contentType };
      return { kind: 'written', file };
    } catch (error) {
      if (error instanceof FileRefusedError) return { kind: 'failed', reason: error.message, isFinal: true };
      if (error instanceof FileUnreadableError) return { kind: 'failed', reason: error.message, isFinal: false };
      if (error instanceof TooLongError) {
        const reason = `the body is longer than the ${files.maxResultBytes} bytes that the worker's file allows (files.maxResultBytes)`;
        return { kind: 'failed', reason, isFinal: true };
      }
      return { kind: 'failed', reason: `the answer broke off after ${seen.bytes} bytes`, isFinal: false };
    }
  }

  private async *counted(
    bytes: AsyncIterable<Buffer>,
    seen: { bytes: number; hash: ReturnType<typeof createHash> },
  ): AsyncGenerator<Buffer> {
    for await (const chunk of bytes) {
      seen.bytes += chunk.length;
      if (seen.bytes > this.options.files.maxResultBytes) throw new TooLongError();
      seen.hash.update(chunk);
      yield chunk;
    }
  }
}

async function wholeOf(bytes: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}

// eslint-disable-next-line @typescript-eslint/require-await
async function* onlyOne(bytes: Buffer): AsyncGenerator<Buffer> {
  if (bytes.length > 0) yield bytes;
}
