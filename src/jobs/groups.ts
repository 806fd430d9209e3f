/** Sets that are cut: too large to travel in one piece, or shared out. */

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

/** Cuts a whole number into whole parts that are in proportion to weights, and together as much. */
export function inParts(whole: number, weights: readonly number[]): number[] {
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  let passed = 0;
  let given = 0;
  return weights.map((weight) => {
    passed += weight;
    const part = Math.floor((whole * passed) / all) - given;
    given += part;
    return part;
  });
}
