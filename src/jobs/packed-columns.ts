/**
 * What rows that look alike become (see `packing.ts`): one row, with a list in each place where they differ.
 *
 * Keeps true: `readerOf(columnOf(rows), rows.length)` gives each of the rows again, as JSON.
 */
import type { Json, JsonObject } from '../contract';

/**
 * What stands in a place of the packed row: the value that all rows have there, or an object of one of these forms.
 * - `{ $each }`: of each row its own, with `$before` and `$after` around it where it is a text, and `$plus` where it is a number.
 * - `{ $before, $of, $after }`: a text around the value of another place.
 * - `{ $same }`: the same value, where that is no plain one.
 */
export type Column = Json;

/** Gives the value of one row. */
export type Reader = (row: number) => Json;

/** A beginning and an end that texts share is written once where that saves so many characters. */
const WORTHWHILE_CHARS = 40;
/** Texts that are shorter are no part of others but by chance. */
const MIN_PART_CHARS = 3;

interface Leaf {
  path: string;
  values: readonly Json[];
  put: (column: Column) => void;
}

/** @param rows of the same shape, at least one */
export function columnOf(rows: readonly Json[]): Column {
  const leaves: Leaf[] = [];
  let whole: Column = null;
  gather(rows, '', 0, leaves, (column) => (whole = column));
  // A text that is a part of others is shorter than they are: it comes first.
  const texts = leaves.filter(({ values }) => typeof values[0] === 'string').sort(byLength);
  const parts: Leaf[] = [];
  const names = new Map<string, number>();
  for (const { path } of leaves) names.set(path, (names.get(path) ?? 0) + 1);
  for (const leaf of texts) {
    const around = leaf.values.every(isText) ? aroundPart(leaf.values, parts) : undefined;
    if (around !== undefined) leaf.put(around);
    else {
      leaf.put(listOf(leaf.values));
      // Of two places with the same path nobody would know which is meant.
      if (leaf.values.every(isText) && names.get(leaf.path) === 1) parts.push(leaf);
    }
  }
  for (const leaf of leaves) if (typeof leaf.values[0] !== 'string') leaf.put(listOf(leaf.values));
  return whole;
}

/** What lies deeper in a row is a value, whatever it is; so is a longer list. */
const MAX_DEPTH = 7;
const MAX_LIST = 12;

/** Whether a place of a row is looked into, or is a value. */
export function isOpened(value: unknown, depth: number): value is Json[] | JsonObject {
  if (typeof value !== 'object' || value === null || depth >= MAX_DEPTH) return false;
  return !Array.isArray(value) || value.length <= MAX_LIST;
}

/** Puts together what all rows have in common, and finds the places in which they differ. */
function gather(values: readonly Json[], path: string, depth: number, leaves: Leaf[], put: (column: Column) => void): void {
  const first = values[0] as Json;
  if (!isOpened(first, depth)) {
    if (!values.every((value) => isEqual(value, first))) leaves.push({ path, values, put });
    else put(isPlain(first) ? first : { $same: first });
    return;
  }
  const column = (Array.isArray(first) ? [] : {}) as Record<string, Column>;
  put(column);
  for (const name of Object.keys(first)) {
    if ((first as JsonObject)[name] === undefined) continue;
    // In its place from the beginning: fields keep their order.
    column[name] = null;
    const inside = values.map((one) => (one as JsonObject)[name] as Json);
    gather(inside, nameIn(path, name), depth + 1, leaves, (found) => (column[name] = found));
  }
}

function nameIn(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

/** The text around one of these parts, where all values are made so. */
function aroundPart(values: readonly string[], parts: readonly Leaf[]): Column | undefined {
  const [first = ''] = values;
  for (const { path, values: inside } of parts) {
    const firstPart = inside[0] as string;
    const at = firstPart.length < MIN_PART_CHARS ? -1 : first.indexOf(firstPart);
    if (at < 0) continue;
    const before = first.slice(0, at);
    const after = first.slice(at + firstPart.length);
    const length = before.length + after.length;
    const isSo = values.every((value, row) => {
      const part = inside[row] as string;
      return value.length === length + part.length && value === before + part + after;
    });
    if (isSo) return { ...(before === '' ? {} : { $before: before }), $of: path, ...(after === '' ? {} : { $after: after }) };
  }
  return undefined;
}

function listOf(values: readonly Json[]): Column {
  if (values.every(isText)) {
    const before = commonBefore(values);
    const after = commonAfter(values, before);
    if ((before + after) * (values.length - 1) < WORTHWHILE_CHARS) return { $each: [...values] };
    const [first = ''] = values;
    return {
      $each: values.map((value) => value.slice(before, value.length - after)),
      ...(before === 0 ? {} : { $before: first.slice(0, before) }),
      ...(after === 0 ? {} : { $after: first.slice(first.length - after) }),
    };
  }
  if (values.every((value): value is number => Number.isSafeInteger(value))) {
    const least = values.reduce((one, other) => Math.min(one, other));
    if (least >= 1000 && values.every((value) => Number.isSafeInteger(value - least)))
      return { $each: values.map((value) => value - least), $plus: least };
  }
  return { $each: [...values] };
}

/** How many characters all of them begin with. */
function commonBefore(values: readonly string[]): number {
  const [first = ''] = values;
  let length = first.length;
  for (const value of values) {
    let common = 0;
    while (common < length && value.charCodeAt(common) === first.charCodeAt(common)) common++;
    length = common;
  }
  return length;
}

/** How many characters all of them end with, besides those. */
function commonAfter(values: readonly string[], before: number): number {
  const [first = ''] = values;
  let length = first.length - before;
  for (const value of values) {
    let common = 0;
    const most = Math.min(length, value.length - before);
    while (common < most && value.charCodeAt(value.length - 1 - common) === first.charCodeAt(first.length - 1 - common)) common++;
    length = common;
  }
  return length;
}

/** Reads rows from what {@link columnOf} made of so many. @throws Error where it is not so */
export function readerOf(column: Column, rows: number): Reader {
  const places = new Map<string, Reader>();
  const later: (() => void)[] = [];
  const { read } = placeOf(column, '', rows, places, later);
  for (const resolve of later) resolve();
  return read;
}

/** A place of the packed row. `isSame`: it is the same in all rows. */
interface Place {
  read: Reader;
  isSame: boolean;
}

function placeOf(column: Column, path: string, rows: number, places: Map<string, Reader>, later: (() => void)[]): Place {
  if (Array.isArray(column)) {
    const items = column.map((item, index) => placeOf(item, nameIn(path, String(index)), rows, places, later));
    return items.every(({ isSame }) => isSame)
      ? sameOf(items.map(({ read }) => read(0)))
      : { isSame: false, read: (row) => items.map(({ read }) => read(row)) };
  }
  if (!isObject(column)) return sameOf(column);
  const { $same, $each, $of, $before = '', $after = '', $plus } = column;
  if ($same !== undefined) return sameOf($same);
  if (Array.isArray($each)) {
    const read = eachOf($each, rows, $before as string, $after as string, $plus as number | undefined);
    if (isText($each[0])) places.set(path, read);
    return { read, isSame: false };
  }
  if (isText($of)) {
    let inner: Reader | undefined;
    later.push(() => {
      inner = places.get($of);
      if (inner === undefined) throw new Error(`rows that are packed around "${$of}", which they do not have`);
    });
    return { isSame: false, read: (row) => `${$before as string}${inner?.(row) as string}${$after as string}` };
  }
  const fields = Object.entries(column).map(([name, value]) => [name, placeOf(value, nameIn(path, name), rows, places, later)] as const);
  if (fields.every(([, { isSame }]) => isSame)) return sameOf(Object.fromEntries(fields.map(([name, { read }]) => [name, read(0)])));
  return {
    isSame: false,
    read: (row) => {
      const object: JsonObject = {};
      for (const [name, { read }] of fields) object[name] = read(row);
      return object;
    },
  };
}

function sameOf(value: Json): Place {
  return { isSame: true, read: () => value };
}

function eachOf(values: readonly Json[], rows: number, before: string, after: string, plus: number | undefined): Reader {
  if (values.length !== rows) throw new Error(`${rows} rows that are packed with ${values.length} values`);
  if (plus !== undefined) return (row) => (values[row] as number) + plus;
  return before === '' && after === '' ? (row) => values[row] as Json : (row) => `${before}${values[row] as string}${after}`;
}

function isPlain(value: Json): boolean {
  return typeof value !== 'object' || value === null;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function byLength(one: Leaf, other: Leaf): number {
  return (one.values[0] as string).length - (other.values[0] as string).length;
}

/** Of two values of JSON. */
function isEqual(one: Json, other: Json): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  return JSON.stringify(one) === JSON.stringify(other);
}
