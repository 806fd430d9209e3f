/**
 * The idempotency key of a submit where a dialect says where it stands.
 *
 * Keeps true: what the caller put into that place itself stays; every try of one operation carries the same key.
 */
import type { Json } from '../contract';
import type { IdempotencyKeyPlace } from './dialect';

/** A submit with its key; `undefined` where the body has no place for it. @param repeated whether it was sent before */
export function withKey(
  { url, body }: { url: string; body?: Json },
  place: IdempotencyKeyPlace,
  key: string,
  repeated: boolean,
): { url: string; headers: Record<string, string>; body?: Json } | undefined {
  switch (place.in) {
    case 'header':
      return { url, headers: { [place.name]: key }, body };
    case 'query': {
      const withQuery = new URL(url);
      const parameters = Object.entries({ [place.name]: key, ...(repeated ? place.repeatQuery : {}) });
      for (const [name, value] of parameters) if (!withQuery.searchParams.has(name)) withQuery.searchParams.set(name, value);
      return { url: withQuery.toString(), headers: {}, body };
    }
    case 'body':
      if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined;
      return { url, headers: {}, body: { [place.name]: key, ...body } };
  }
}
