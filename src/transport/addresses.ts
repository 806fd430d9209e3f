/**
 * Addresses of networks that nobody outside reaches: this machine, its neighbours, the metadata services of clouds.
 *
 * Keeps true: a host is judged by the very addresses that the socket then connects to, so that no second answer of DNS comes in between.
 */
import { lookup, type LookupAddress } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** [RFC 6890 and its registry; 168.63.129.16 is the virtual address of Azure's platform] */
const IPV4_NETWORKS: readonly [address: string, prefix: number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['168.63.129.16', 32],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
];

/** Addresses of version 4 inside of 6 are judged like those of version 4; of tunnels that nobody uses any more (6to4, Teredo) none is reached. */
const IPV6_NETWORKS: readonly [address: string, prefix: number][] = [
  ['::', 96],
  ['64:ff9b:1::', 48],
  ['2001::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
];

const privateNetworks = new BlockList();
for (const [address, prefix] of IPV4_NETWORKS) {
  privateNetworks.addSubnet(address, prefix, 'ipv4');
  // Mapped addresses (::ffff:10.0.0.1), and those that a translator reaches [RFC 6052].
  privateNetworks.addSubnet(`::ffff:${address}`, 96 + prefix, 'ipv6');
  privateNetworks.addSubnet(`64:ff9b::${address}`, 96 + prefix, 'ipv6');
}
for (const [address, prefix] of IPV6_NETWORKS) privateNetworks.addSubnet(address, prefix, 'ipv6');

/** Whether `address` is loopback, link-local, private, or of no host at all. What is no address is none of these. */
export function isPrivateAddress(address: string): boolean {
  const [plain = ''] = address.split('%');
  const version = isIP(plain);
  return version !== 0 && privateNetworks.check(plain, version === 4 ? 'ipv4' : 'ipv6');
}

const CODE = 'ERR_REFUSED_ADDRESS';

/** A host has a private address. The address itself is left out: outsiders would learn about the network. */
class RefusedAddressError extends Error {
  readonly code = CODE;

  constructor(host: string, advice: string) {
    super(`${host} has a loopback, link-local or private address${advice}`);
  }
}

/** Whether a request failed because of the address of its host. Nothing was sent then. */
export function isRefusedAddress(error: unknown): error is { message: string } {
  return (error as { code?: unknown } | null | undefined)?.code === CODE;
}

/** Judges the hosts that sockets are opened to. */
export interface AddressGuard {
  /** The error for a host that is an address, and a private one. */
  refusal(host: string): Error | undefined;
  /** Finds the addresses of a host, or fails when one of them is private. */
  lookup: LookupFunction;
  /** Looks a host up that a proxy connects to: the error when it is known here and private. Who is not known here is the proxy's to judge. */
  check(host: string, checked: (refused: Error | undefined) => void): void;
}

/** Which hosts a guard judges. */
export interface GuardSettings {
  /** Host name as in a URL, `[…]` around an address of version 6, that may have any address; absent: none. */
  exempt?: string;
  /** What a refusal says behind "… has a private address": which setting changes that. */
  advice: string;
  /** Instead of the system's resolver. */
  find?: LookupFunction | undefined;
}

/** A guard that refuses private addresses. */
export function guardAgainstPrivate({ exempt, advice, find = lookup }: GuardSettings): AddressGuard {
  const own = exempt?.replace(/^\[|\]$/g, '').toLowerCase();
  const isOwn = (host: string): boolean => host.toLowerCase() === own;
  const guarded: LookupFunction = (host, options, callback) =>
    find(host, options, (error, found, family) => {
      const addresses = typeof found === 'string' ? [found] : ((found as LookupAddress[] | undefined) ?? []).map(({ address }) => address);
      const refused = error === null && !isOwn(host) && addresses.some(isPrivateAddress);
      callback(refused ? new RefusedAddressError(host, advice) : error, found, family);
    });
  return {
    refusal: (host) => (!isOwn(host) && isPrivateAddress(host) ? new RefusedAddressError(host, advice) : undefined),
    lookup: guarded,
    check: (host, checked) =>
      guarded(host, { all: true }, (error) => checked(error !== null && isRefusedAddress(error) ? error : undefined)),
  };
}
