/** "Did you mean …": the known word nearest to a mistyped one. */
import { distance } from 'fastest-levenshtein';

/** Nobody means a longer word, and the time grows with it. */
const MAX_LETTERS = 64;

/** What a person may write either way. */
function plain(word: string): string {
  return word.toLowerCase().replace(/[-_]/g, '');
}

/** The word of `known` that `word` was probably meant to be, if one is near enough. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const scored = known.map((candidate) => ({ candidate, score: distance(plain(word.slice(0, MAX_LETTERS)), plain(candidate)) }));
  const best = scored.sort((left, right) => left.score - right.score)[0];
  return best !== undefined && best.score <= Math.max(1, Math.floor(best.candidate.length / 3)) ? best.candidate : undefined;
}

/** What to say about a key that is not known: the one it was probably meant to be, else all there are. */
export function unknownKey(key: string, known: readonly string[]): string {
  const near = nearest(key, known);
  return near === undefined ? `is not a known key (known: ${known.join(', ')})` : `is not a known key; did you mean "${near}"?`;
}
