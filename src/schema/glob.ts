/**
 * Globs of the worker's file: `*` is at least one character but `/`, `**` is anything, everything else stands for itself.
 *
 * Keeps true: the time is linear in the text, whatever it is. Callers choose the text, and a matcher by regular expressions (picomatch
 * 4.0.7) needs minutes for some paths of 8 KB where a glob has several `**`.
 */

interface Token {
  /** The character that it stands for; absent: any, but `/` where `inSegment`. */
  char?: string;
  inSegment?: boolean;
  /** May be repeated, or left out. */
  loops?: boolean;
}

/** Whether the whole of `text` is one that `glob` describes. */
export function globMatches(glob: string, text: string): boolean {
  const tokens = tokensOf(glob);
  let active = reached(tokens, [0]);
  for (const char of text) {
    const next: number[] = [];
    for (const index of active) {
      const token = tokens[index];
      if (token !== undefined && stands(token, char)) next.push(token.loops === true ? index : index + 1);
    }
    active = reached(tokens, next);
    if (active.size === 0) return false;
  }
  return active.has(tokens.length);
}

function tokensOf(glob: string): Token[] {
  return (glob.match(/\*+|[^*]/gu) ?? []).flatMap((part): Token[] => {
    if (!part.startsWith('*')) return [{ char: part }];
    return part.length > 1 ? [{ loops: true }] : [{ inSegment: true }, { inSegment: true, loops: true }];
  });
}

/** With the places behind those that may be left out. */
function reached(tokens: readonly Token[], from: readonly number[]): Set<number> {
  const places = new Set<number>();
  for (const start of from) {
    for (let place = start; !places.has(place); place++) {
      places.add(place);
      if (tokens[place]?.loops !== true) break;
    }
  }
  return places;
}

function stands({ char, inSegment }: Token, written: string): boolean {
  return char === undefined ? inSegment !== true || written !== '/' : char === written;
}
