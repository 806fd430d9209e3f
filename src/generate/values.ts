/** Looks into a specification, which may hold anything anywhere. */
import { referenceIn, type Place, type Specification } from './specification';

/** The value of an own key; nothing is inherited. */
export function at(place: Place, key: string): Place {
  const { value, file } = place;
  const has = typeof value === 'object' && value !== null && Object.hasOwn(value, key);
  return { value: has ? (value as Record<string, unknown>)[key] : undefined, file };
}

/** Entries of a map, or none. */
export function entriesOf({ value, file }: Place): [string, Place][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value as Record<string, unknown>).map(([key, inner]) => [key, { value: inner, file }]);
}

/** Items of a list, or none. */
export function itemsOf({ value, file }: Place): Place[] {
  return Array.isArray(value) ? value.map((inner: unknown) => ({ value: inner, file })) : [];
}

export function textAt(place: Place, key: string): string | undefined {
  const { value } = at(place, key);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function isMap({ value }: Place): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a reference leads to; anything else is itself. */
export function resolved(specification: Specification, place: Place): Place {
  const reference = referenceIn(place);
  return reference === undefined ? place : specification.follow(reference, place).place;
}
