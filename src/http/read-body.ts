/**
 * Reads an answer's body up to a limit.
 *
 * Keeps true: memory stays near `maxBytes` whatever is sent, compressed or not; reading never throws.
 */
import type { Readable } from 'node:stream';
import type { AnswerBody } from '../lro/answer';

/** The text of `stream`, decompressed already, as UTF-8 without byte order mark. It is destroyed when it is not read to its end. */
export function readBody(stream: Readable, maxBytes: number): Promise<AnswerBody> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const finish = (cutBy?: 'limit' | 'connection') => {
      stream.removeAllListeners('data').removeListener('end', onEnd).removeListener('close', onCut);
      if (cutBy !== undefined) stream.destroy();
      // A cut may fall inside a character: decoding as part of a stream leaves the piece out.
      const text = new TextDecoder().decode(Buffer.concat(chunks), { stream: cutBy !== undefined });
      resolve(cutBy === undefined ? { text } : { text, cutBy });
    };
    const onEnd = () => finish();
    const onCut = () => finish('connection');
    stream.on('data', (chunk: Buffer) => {
      const room = maxBytes - length;
      chunks.push(chunk.length > room ? chunk.subarray(0, room) : chunk);
      length += chunk.length;
      if (chunk.length > room) finish('limit');
    });
    // Stays: a destroyed stream may still say that it was.
    stream.on('error', onCut);
    stream.once('end', onEnd).once('close', onCut);
  });
}
