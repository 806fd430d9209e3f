/** A stand-in of DNS. */
import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';

/** A resolver for one test, which knows these names alone and remembers what it was asked. */
export function resolver(addresses: Record<string, string[]>): LookupFunction & { asked: string[] } {
  const asked: string[] = [];
  const find: LookupFunction = (host, options, callback) => {
    asked.push(host);
    const found: LookupAddress[] = (addresses[host] ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    if (options.all === true) callback(null, found);
    else callback(null, found[0]?.address ?? '', found[0]?.family);
  };
  return Object.assign(find, { asked });
}
