/**
 * Who may use the admin API: with a token whoever has it, without one this machine only. The service that is emulated has no such API, so
 * whoever reaches the emulator over a network should find none either.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';

/** Says nothing but that the emulator runs, and health checks have no token. */
const OPEN_PATH = '/_admin/health';

/** @returns why the request is refused, or undefined. @param token empty or undefined: none is set */
export function adminRefusal(
  request: Pick<FastifyRequest, 'routeOptions' | 'headers' | 'socket'>,
  token: string | undefined,
): string | undefined {
  if (request.routeOptions.url === OPEN_PATH) return undefined;
  if (token !== undefined && token !== '') {
    return isSame(request.headers.authorization ?? '', `Bearer ${token}`)
      ? undefined
      : 'The admin API wants Authorization: Bearer and its token.';
  }
  return isLoopback(request.socket.remoteAddress)
    ? undefined
    : 'The admin API answers this machine only, unless EMULATOR_ADMIN_TOKEN (or --admin-token) sets a token.';
}

function isSame(given: string, wanted: string): boolean {
  const [left, right] = [given, wanted].map((text) => createHash('sha256').update(text).digest()) as [Buffer, Buffer];
  return timingSafeEqual(left, right);
}

function isLoopback(address = ''): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address);
}
