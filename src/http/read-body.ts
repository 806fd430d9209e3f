/**
 * Reads an answer's body up to a limit.
 *
 * Keeps true: memory stays near `maxBytes` whatever is sent, compressed or not, and in pieces of whatever size; reading never throws.
 */
import type { Readable } from 'node:stream';
import type { AnswerBody } from '../lro/answer';

const FIRST_BYTES = 16_384;

/** The text of `stream`, decompressed already, as UTF-8 without byte order mark. It is destroyed when it is not read to its end. */
export function readBody(stream: Readable, maxBytes: number): Promise<AnswerBody> {
  return new Promise((resolve) => {
    // Copied as it comes: a small piece keeps the whole block alive that it was read into.
    let bytes = Buffer.allocUnsafe(Math.min(maxBytes, FIRST_BYTES));
    let length = 0;
    const add = (chunk: Buffer): void => {
      if (length + chunk.length > bytes.length) {
        const larger = Buffer.allocUnsafe(Math.min(maxBytes, Math.max(2 * bytes.length, length + chunk.length)));
        bytes.copy(larger, 0, 0, length);
        bytes = larger;
      }
      length += chunk.copy(bytes, length);
    };
    const finish = (cutBy?: 'limit' | 'connection') => {
      stream.removeAllListeners('data').removeListener('end', onEnd).removeListener('close', onCut);
      if (cutBy !== undefined) stream.destroy();
      // A cut may fall inside a character: decoding as part of a stream leaves the piece out.
      const text = new TextDecoder().decode(bytes.subarray(0, length), { stream: cutBy !== undefined });
      resolve(cutBy === undefined ? { text } : { text, cutBy });
    };
    const onEnd = () => finish();
    const onCut = () => finish('connection');
    stream.on('data', (chunk: Buffer) => {
      const room = maxBytes - length;
      add(chunk.length > room ? chunk.subarray(0, room) : chunk);
      if (chunk.length > room) finish('limit');
    });
    // Stays: a destroyed stream may still say that it was.
    stream.on('error', onCut);
    stream.once('end', onEnd).once('close', onCut);
  });
}
