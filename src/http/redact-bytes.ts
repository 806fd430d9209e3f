/**
 * Masks secrets in the bytes of a body that is too long for memory.
 *
 * Keeps true:
 * 1. A body that is no text passes as it is, byte for byte, and one that holds no secret does so, too.
 * 2. What is masked in the whole text is masked here: no cut between two pieces falls into a secret. Memory is bounded.
 */

import { MASK } from './marks';

/** Looked through at once: with this the event loop is busy for some milliseconds. */
const PIECE_CHARS = 131_072;
/** On either side of a cut, looked at for a secret that lies across it. Longer than the longest token, escaped in every way. */
const MARGIN_CHARS = 32_768;
/** Cuts that are tried; more of them lie in secrets only where somebody means it. */
const MAX_CUTS = 8;
/** What is masked on either side of a cut where each lies in one. */
const FORCED_CHARS = 64;

const TEXT_TYPE = /^text\/|[/+](json|xml|yaml|csv|javascript|graphql|x-www-form-urlencoded|x-ndjson|jsonl|json-seq)\b/i;

/** @param contentType of the body; absent: it is looked through @param clean masks what it finds in a text, see `Redactor.cleanAnswer` */
export async function* cleanedBytes(
  bytes: AsyncIterable<Buffer>,
  contentType: string | undefined,
  clean: (text: string) => string,
): AsyncGenerator<Buffer> {
  if (contentType !== undefined && !TEXT_TYPE.test(contentType)) {
    yield* bytes;
    return;
  }
  let held = '';
  for await (const chunk of bytes) {
    // One character a byte, so that all bytes come out as they were: secrets are ASCII.
    held += chunk.toString('latin1');
    while (held.length >= PIECE_CHARS + 2 * MARGIN_CHARS) {
      const { piece, rest } = cut(held, clean);
      held = rest;
      yield Buffer.from(piece, 'latin1');
    }
  }
  if (held !== '') yield Buffer.from(clean(held), 'latin1');
}

/** The beginning of `text`, masked, and the rest of it. */
function cut(text: string, clean: (text: string) => string): { piece: string; rest: string } {
  for (let tried = 0; tried < MAX_CUTS; tried++) {
    const at = PIECE_CHARS - tried * 1021;
    const [before, after] = [text.slice(at - MARGIN_CHARS, at), text.slice(at, at + MARGIN_CHARS)];
    if (clean(before) + clean(after) === clean(before + after)) return { piece: clean(text.slice(0, at)), rest: text.slice(at) };
  }
  return { piece: `${clean(text.slice(0, PIECE_CHARS - FORCED_CHARS))}${MASK}`, rest: text.slice(PIECE_CHARS + FORCED_CHARS) };
}
