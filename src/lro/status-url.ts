/**
 * Finding the URL to poll, and the URL of what was made, in an answer. [protocol.md sections 1 and 2]
 *
 * Keeps true: what comes out is absolute and carries no credential parameter of the connection.
 */
import type { Answer } from './answer';
import type { ProtocolSettings } from './settings';
import { isPlain } from './text';
import { withoutParameters } from './trust';

/** Longer ones are no use to anybody, and too much for history. */
const MAX_URL_CHARS = 16_384;
const MAX_ID_CHARS = 512;

/** A header's URL: padded with blanks and quoted in real documents, and often relative to the request. `undefined` where there is none. */
export function headerUrl(answer: Answer, header: string, settings: ProtocolSettings): string | undefined {
  return absoluteUrl(answer.headers[header.toLowerCase()], answer.url, settings);
}

/** `text` as a URL, against the URL it was named at. */
export function absoluteUrl(text: string | undefined, against: string, settings: ProtocolSettings): string | undefined {
  return resolved(text, against, settings, settings.credentialParameters);
}

/** The URL of a status header, as it is to be asked: behind a gateway not always where it says [`statusUrls`]. */
function statusHeaderUrl(answer: Answer, header: string, settings: ProtocolSettings): string | undefined {
  return namedStatusUrl(answer.headers[header.toLowerCase()], answer.url, settings);
}

/** `text` as a status URL, as it is to be asked, against the URL it was named at. */
export function namedStatusUrl(text: string | undefined, against: string, settings: ProtocolSettings): string | undefined {
  // Where the URL carries its own credentials, they may have the names of the connection's.
  const cut = settings.statusUrls.credentials ? settings.credentialParameters : [];
  const url = resolved(text, against, settings, cut);
  return url === undefined ? undefined : throughGateway(url, settings);
}

/** `Location`, as it is to be asked. */
export function locationUrl(answer: Answer, settings: ProtocolSettings): string | undefined {
  return statusHeaderUrl(answer, 'Location', settings);
}

/** The status URL of an answer and how its answers will have to be read. `undefined` when no status header is there. */
export function findStatusUrl(
  answer: Answer,
  settings: ProtocolSettings,
): { url: string; style: 'monitor' | 'location'; header: string } | undefined {
  for (const header of settings.statusHeaders) {
    const url = statusHeaderUrl(answer, header, settings);
    if (url !== undefined) return { url, style: header.toLowerCase() === 'location' ? 'location' : 'monitor', header };
  }
  return undefined;
}

/** `url` at the base URL, where the connection asks status URLs through it. */
export function throughGateway(url: string, { trust, statusUrls }: ProtocolSettings): string {
  const named = new URL(url);
  const base = new URL(trust.baseUrl);
  if (statusUrls.through === 'asGiven' || named.origin === base.origin) return url;
  return `${base.origin}${belowBase(named.pathname, base)}${named.search}`;
}

function resolved(text: string | undefined, against: string, settings: ProtocolSettings, cut: readonly string[]): string | undefined {
  const bare = text
    ?.trim()
    .replace(/^(["'])(.*)\1$/s, '$2')
    .trim();
  if (bare === undefined || bare === '' || bare.length > MAX_URL_CHARS) return undefined;
  const { trust, statusUrls } = settings;
  // Some services name their URLs from their own root, and that is the base URL: `/teams/1`, and not `/v1.0/teams/1`.
  const fromBase = statusUrls.resolveBelow === 'baseUrl' && /^\/(?![/\\])/.test(bare);
  const target = fromBase ? belowBase(bare, new URL(trust.baseUrl)) : bare;
  if (!URL.canParse(target, against)) return undefined;
  const url = withoutParameters(new URL(target, against).toString(), cut);
  return url.length > MAX_URL_CHARS ? undefined : url;
}

/** A path below the base URL's, unless it is that already. */
function belowBase(path: string, base: URL): string {
  const root = base.pathname.replace(/\/+$/, '');
  return path === root || path.startsWith(`${root}/`) ? path : `${root}${path}`;
}

/** Whether two URLs have one path; letter case and query are ignored, and the host: a service may name itself in another way. */
export function samePath(left: string, right: string): boolean {
  const [one, other] = [left, right].map((url) => (URL.canParse(url) ? new URL(url).pathname.replace(/\/+$/, '').toLowerCase() : url));
  return one === other;
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
