/**
 * Rows of a set on their way between workflow and activity: what many of them share stands once. The rows of a batch differ in little more than
 * their ids; without this their names of fields, connection and URLs would be most of Temporal's database.
 *
 * What comes of it is JSON that people can read in Temporal's UI: rows that look alike stand as one, with a list where they differ.
 *
 *     { rows: 3, like: [{ row: {
 *       id: { $each: ["0/0", "0/1", "0/2"] },
 *       monitor: { connection: "maps", operationId: { $each: ["a", "b", "c"] },
 *                  statusUrl: { $before: "https://…/", $of: "monitor.operationId", $after: "?api-version=2.0" } },
 *       dueAtMs: { $each: [0, 12, 40], $plus: 1795813772860 } } }] }
 *
 * Keeps true:
 * 1. What is unpacked equals what was packed, as JSON, whatever is in it. A row that is too unlike the others stands as it is.
 * 2. Little is larger than it was: by the place of a row at most.
 * 3. What rows share they share in memory, too, once they are unpacked: nobody changes them in place.
 */
import type { Json } from '../contract';
import { columnOf, isOpened, readerOf, type Reader } from './packed-columns';

/** Fewer rows stand as they are. */
const MIN_ROWS = 10;
/** So many rows that look alike are worth a list. */
const MIN_ALIKE = 3;
/** Kinds of rows; the rest stands as it is. */
const MAX_KINDS = 24;
/** More than any set has. */
const MAX_ROWS = 100_000;

export interface Packed<T> {
  /** How many there are. */
  rows: number;
  like: Alike[];
  /** Rows unlike all others, with their places. */
  rest?: [number, T][];
}

/** Packed or not. */
export type Rows<T> = T[] | Packed<T>;

/** Rows that look alike. */
export interface Alike {
  /** Their places; absent: all that are left. */
  at?: number[];
  row: Json;
}

/** Packed, where there are so many that it is worth it. */
export function packed<T extends object>(rows: T[]): Rows<T> {
  return rows.length < MIN_ROWS ? rows : pack(rows);
}

/** The rows, packed or not. @throws Error where they are neither */
export function rowsOf<T extends object>(given: Rows<T>): T[] {
  return Array.isArray(given) ? given : unpack(given);
}

/** An answer is packed where its question was: who asks so understands it. */
export function packedAs<T extends object>(question: object, answers: T[]): Rows<T> {
  return Array.isArray(question) ? answers : packed(answers);
}

export function pack<T extends object>(rows: readonly T[]): Packed<T> {
  const kinds = new Map<Shape, number[]>();
  const root: Shape = new Map();
  const rest: [number, T][] = [];
  for (const [place, row] of rows.entries()) {
    const shape = shapeOf(row, root, 0);
    const places = shape && kinds.get(shape);
    if (places !== undefined) places.push(place);
    else if (shape !== undefined && kinds.size < MAX_KINDS) kinds.set(shape, [place]);
    else rest.push([place, row]);
  }
  const large = [...kinds.values()].filter((places) => places.length >= MIN_ALIKE);
  for (const places of kinds.values()) if (places.length < MIN_ALIKE) for (const place of places) rest.push([place, rows[place] as T]);
  const like = large
    .sort((one, other) => one.length - other.length)
    .map((at, kind): Alike => {
      const row = columnOf(at.map((place) => rows[place] as unknown as Json));
      return kind === large.length - 1 ? { row } : { at, row };
    });
  return { rows: rows.length, like, ...(rest.length > 0 ? { rest } : {}) };
}

/** @throws Error where it is not packed so */
export function unpack<T extends object>({ rows: count, like, rest = [] }: Packed<T>): T[] {
  if (!Number.isInteger(count) || count < 0 || count > MAX_ROWS || !Array.isArray(like) || !Array.isArray(rest)) throw notPacked();
  const rows = new Array<T | undefined>(count).fill(undefined);
  const put = (place: number, row: T): void => {
    if (!Number.isInteger(place) || place < 0 || place >= count || rows[place] !== undefined) throw notPacked();
    rows[place] = row;
  };
  for (const [place, row] of rest) put(place, row);
  for (const { at, row } of like) {
    const places = at ?? rows.flatMap((taken, place) => (taken === undefined ? [place] : []));
    const read: Reader = readerOf(row, places.length);
    for (const [index, place] of places.entries()) put(place, read(index) as unknown as T);
  }
  if (rows.includes(undefined)) throw notPacked();
  return rows as T[];
}

function notPacked(): Error {
  return new Error('rows that are not packed as this version packs them');
}

/** Rows with the same shape end at the same one of these: by names of fields, in their order, and lengths of lists. */
type Shape = Map<string | number, Shape>;

/** No name of a field; nor are the lengths of lists, which are numbers. */
const VALUE = '$value';
const OBJECT = '$object';
const END = '$end';

/** @returns undefined where a field has a name that means something else when it is packed */
function shapeOf(value: unknown, from: Shape, depth: number): Shape | undefined {
  if (!isOpened(value, depth)) return next(from, VALUE);
  let shape: Shape | undefined;
  if (Array.isArray(value)) {
    shape = next(from, value.length);
    for (const item of value) {
      // JSON has it as null.
      if ((item as unknown) === undefined || shape === undefined) return undefined;
      shape = shapeOf(item, shape, depth + 1);
    }
    return shape;
  }
  shape = next(from, OBJECT);
  for (const name of Object.keys(value)) {
    const field = value[name] as unknown;
    if (field === undefined) continue;
    if (name.startsWith('$') || name === '__proto__' || shape === undefined) return undefined;
    shape = shapeOf(field, next(shape, name), depth + 1);
  }
  return shape && next(shape, END);
}

function next(shape: Shape, step: string | number): Shape {
  const found = shape.get(step);
  if (found !== undefined) return found;
  const made: Shape = new Map();
  shape.set(step, made);
  return made;
}
