/** Sets that are too large to travel in one piece. */

/** In their order, in groups of at most so much; one that is larger is a group by itself. @param sizeOf of one, in the unit of `most` */
export function inGroups<T>(all: readonly T[], most: number, sizeOf: (one: T) => number): T[][] {
  const groups: T[][] = [];
  let size = Infinity;
  for (const one of all) {
    const more = sizeOf(one);
    if (size + more > most) {
      groups.push([]);
      size = 0;
    }
    groups.at(-1)?.push(one);
    size += more;
  }
  return groups;
}
