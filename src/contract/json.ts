/** JSON as TypeScript sees it. */

/** Any JSON value. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A JSON object. */
export type JsonObject = { [key: string]: Json };

/** What `JSON.stringify` leaves out, refuses, or makes an empty object of. */
type NotJson = bigint | symbol | ((...given: never[]) => unknown) | ReadonlyMap<never, unknown> | ReadonlySet<never> | Promise<unknown>;

/**
 * `T` where JSON can carry its values; `never` in the places where it cannot. Interfaces, which no type with an index signature takes,
 * are followed field by field, and what writes itself (`toJSON`, as dates do) is taken.
 */
export type JsonCompatible<T> = T extends Json | undefined
  ? T
  : T extends NotJson
    ? never
    : T extends { toJSON(): Json }
      ? T
      : T extends object
        ? { [Key in keyof T]: JsonCompatible<T[Key]> }
        : never;

/**
 * A body whose type nobody has named: JSON, or any object but a function or a collection. Only its outermost level is checked; name the type
 * (`OperationInput<Campus>`) and {@link JsonCompatible} checks all of it.
 */
export type AnyBody = Json | (object & { apply?: never; forEach?: never; then?: never });
