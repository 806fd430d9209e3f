/** Answers as long as what is kept of them may be. */
import type { ServerResponse } from 'node:http';

const MAX_URL_CHARS = 16_384;

/** A URL of the service that has the maximal length. */
export function longUrl(base: string, path: string): string {
  const start = `${base}${path}?x=`;
  return start + 'u'.repeat(MAX_URL_CHARS - start.length);
}

/** Ten cookies of 1 KiB each; others for another seed, so that they are news. */
export function longCookies(seed = 0): string[] {
  return Array.from({ length: 10 }, (_, index) => `c${index}=${String(seed % 10).repeat(1020)}; Path=/`);
}

/** The header of an acceptance: status URL, `Location` and cookies at their maxima. */
export function longAcceptance(base: string, id: string, seed = 0): Record<string, string | string[]> {
  return {
    'operation-location': longUrl(base, `/operations/${id}`),
    location: longUrl(base, `/things/${id}`),
    'set-cookie': longCookies(seed),
    'retry-after': '0',
  };
}

export function answerJson(
  response: ServerResponse,
  httpStatus: number,
  body: unknown,
  headers: Record<string, string | string[]> = {},
): void {
  response.writeHead(httpStatus, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}
