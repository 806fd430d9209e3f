/**
 * Reads an answer's body up to a limit, and what is longer on to its end where somebody wants all of it.
 *
 * Keeps true: memory stays near `maxBytes` whatever is sent, compressed or not, and in pieces of whatever size; reading the text never throws.
 */
import type { Readable } from 'node:stream';
import type { AnswerBody } from '../lro/answer';
import { BoundedBytes } from '../transport/bounded-bytes';
import { textOf, type DecodedText } from './charset';

/** The text of a body as it came, with whatever it holds. */
export type ReadBody = AnswerBody & DecodedText;

/** A body whose beginning is read: the text, and all bytes from the first to the last. */
export interface BegunBody {
  text: ReadBody;
  /** Can be read once; throws where the other side stops sending, or `signal` is aborted. Whoever does not read it destroys the stream. */
  bytes: (signal?: AbortSignal) => AsyncGenerator<Buffer>;
}

/**
 * The beginning of `stream`, decompressed already, as text without byte order mark. What is longer than `maxBytes` is left where it is.
 * @param contentType of the body: the character set it is in, where it is not UTF-8
 */
export function beginBody(stream: Readable, maxBytes: number, contentType?: string): Promise<BegunBody> {
  return new Promise((resolve) => {
    const body = new BoundedBytes(maxBytes);
    const finish = (cutBy?: 'limit' | 'connection', over?: Buffer) => {
      stream.removeListener('data', onData).removeListener('end', onEnd).removeListener('close', onCut);
      if (cutBy === 'limit') stream.pause();
      if (cutBy === 'connection') stream.destroy();
      const begun = body.all;
      // A cut may fall inside a character: decoding as part of a stream leaves the piece out.
      const text = textOf(begun, contentType, cutBy !== undefined);
      const rest = cutBy === undefined ? undefined : stream;
      resolve({ text: cutBy === undefined ? text : { ...text, cutBy }, bytes: (signal) => bytesOf([begun, over], rest, signal) });
    };
    const onEnd = () => finish();
    const onCut = () => finish('connection');
    const onData = (chunk: Buffer) => {
      const over = body.add(chunk);
      if (over !== undefined) finish('limit', over);
    };
    stream.on('data', onData);
    // Stays: a destroyed stream may still say that it was.
    stream.on('error', onCut);
    stream.once('end', onEnd).once('close', onCut);
  });
}

/** What was read, and what is still to come. */
async function* bytesOf(
  begun: (Buffer | undefined)[],
  rest: Readable | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  const stop = (): void => void rest?.destroy(new Error('aborted'));
  signal?.addEventListener('abort', stop);
  try {
    signal?.throwIfAborted();
    for (const chunk of begun) if (chunk !== undefined && chunk.length > 0) yield chunk;
    if (rest !== undefined) yield* rest as AsyncIterable<Buffer>;
  } finally {
    signal?.removeEventListener('abort', stop);
    rest?.destroy();
  }
}
