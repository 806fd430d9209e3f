/** Lines of JSON Lines files, as bytes: pages of a manifest are found by their offset in bytes. */

/** The file is no manifest; reading it again does not help. */
export class NoManifestError extends Error {
  override readonly name = 'NoManifestError';
}

/** A longer line is no item. */
const MAX_LINE_BYTES = 1_048_576;

/**
 * Each line with its line feed.
 * @throws NoManifestError when a line is too long
 */
export async function* linesOf(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  for await (const chunk of bytes) {
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      const piece = chunk.subarray(from, end + 1);
      yield rest.length === 0 ? piece : Buffer.concat([...rest, piece]);
      rest = [];
      restBytes = 0;
      from = end + 1;
    }
    if (from < chunk.length) {
      rest.push(chunk.subarray(from));
      restBytes += chunk.length - from;
    }
    if (restBytes > MAX_LINE_BYTES) throw new NoManifestError(`has a line of more than ${MAX_LINE_BYTES} bytes`);
  }
  if (restBytes > 0) yield Buffer.concat(rest);
}
