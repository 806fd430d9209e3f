/** "Did you mean …": the known word nearest to a mistyped one. */

/** Levenshtein distance, both words taken in lower case and without `-` and `_`. */
function distance(left: string, right: string): number {
  const a = left.toLowerCase().replace(/[-_]/g, '');
  const b = right.toLowerCase().replace(/[-_]/g, '');
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The word of `known` that `word` was probably meant to be, if one is near enough. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const scored = known.map((candidate) => ({ candidate, score: distance(word.slice(0, 64), candidate) }));
  const best = scored.sort((left, right) => left.score - right.score)[0];
  return best !== undefined && best.score <= Math.max(1, Math.floor(best.candidate.length / 3)) ? best.candidate : undefined;
}

/** What to say about a key that is not known: the one it was probably meant to be, else all there are. */
export function unknownKey(key: string, known: readonly string[]): string {
  const near = nearest(key, known);
  return near === undefined ? `is not a known key (known: ${known.join(', ')})` : `is not a known key; did you mean "${near}"?`;
}
