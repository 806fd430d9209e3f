/**
 * Finding the URL to poll, and the URL of what was made, in an answer. [protocol.md sections 1 and 2]
 *
 * Keeps true: what comes out is absolute and carries no credential parameter of the connection.
 */
import type { Answer } from './answer';
import type { MonitorStyle } from './monitor';
import type { ProtocolSettings } from './settings';
import { isPlain } from './text';
import { withoutParameters } from './trust';

/** A header's URL: padded with blanks and quoted in real documents, and often relative to the request. `undefined` where there is none. */
export function headerUrl(answer: Answer, header: string, settings: ProtocolSettings): string | undefined {
  return absoluteUrl(answer.headers[header.toLowerCase()], answer.url, settings);
}

/** Longer ones are no use to anybody, and too much for history. */
const MAX_URL_CHARS = 16_384;
const MAX_ID_CHARS = 512;

/** `text` as a URL, against the URL it was named at. */
export function absoluteUrl(text: string | undefined, against: string, settings: ProtocolSettings): string | undefined {
  const bare = text
    ?.trim()
    .replace(/^(["'])(.*)\1$/s, '$2')
    .trim();
  if (bare === undefined || bare === '' || bare.length > MAX_URL_CHARS || !URL.canParse(bare, against)) return undefined;
  const url = withoutParameters(new URL(bare, against).toString(), settings.credentialParameters);
  return url.length > MAX_URL_CHARS ? undefined : url;
}

/** The status URL of an answer and how its answers will have to be read. `undefined` when no status header is there. */
export function findStatusUrl(
  answer: Answer,
  settings: ProtocolSettings,
): { url: string; style: MonitorStyle; header: string } | undefined {
  for (const header of settings.statusHeaders) {
    const url = headerUrl(answer, header, settings);
    if (url !== undefined) return { url, style: isLocation(header) ? 'location' : 'monitor', header };
  }
  return undefined;
}

function isLocation(header: string): boolean {
  return header.toLowerCase() === 'location';
}

/** The `api-version` of a URL, whatever the case of its name. */
export function apiVersionOf(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  for (const [name, value] of new URL(url).searchParams) if (name.toLowerCase() === 'api-version') return value;
  return undefined;
}

/** `url` with the submit's `api-version` where it has none of its own: services answer 400 without. */
export function withApiVersion(url: string, apiVersion: string | undefined): string {
  if (apiVersion === undefined || apiVersionOf(url) !== undefined || !URL.canParse(url)) return url;
  const parsed = new URL(url);
  // Appended, so that the rest stays letter by letter: signatures do not survive a rewriting.
  parsed.search += `${parsed.search === '' ? '' : '&'}api-version=${encodeURIComponent(apiVersion)}`;
  return parsed.toString();
}

/** Last path segment of a URL, decoded where that makes plain text: the id of what it names; a reasonable length only. */
export function lastSegment(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const segment = new URL(url).pathname
    .split('/')
    .filter((part) => part !== '')
    .at(-1);
  if (segment === undefined || segment.length > MAX_ID_CHARS) return undefined;
  try {
    const decoded = decodeURIComponent(segment);
    return isPlain(decoded) ? decoded : segment;
  } catch {
    return segment;
  }
}
