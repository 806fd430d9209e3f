/**
 * URLs on their way out.
 *
 * Keeps true: what stood in a URL stays as it was written (signatures do not survive a rewriting); parameters are only appended.
 */

/** `url` with those of `parameters` that it lacks, names compared case-insensitively. */
export function withParameters(url: string, parameters: Readonly<Record<string, string>>): string {
  if (Object.keys(parameters).length === 0) return url;
  const parsed = new URL(url);
  const present = new Set([...parsed.searchParams.keys()].map((name) => name.toLowerCase()));
  const missing = Object.entries(parameters).filter(([name]) => !present.has(name.toLowerCase()));
  if (missing.length === 0) return url;
  const added = missing.map(([name, value]) => parameterText(name, value)).join('&');
  const [before = '', fragment] = url.split('#', 2);
  return `${withQuery(before, added)}${fragment === undefined ? '' : `#${fragment}`}`;
}

/** `url`, which has no fragment, with `added` behind what its query has. */
export function withQuery(url: string, added: string): string {
  const joint = !url.includes('?') ? '?' : /[?&]$/.test(url) ? '' : '&';
  return `${url}${joint}${added}`;
}

/** A parameter as it stands in a query. */
export function parameterText(name: string, value: string): string {
  return `${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
}

/** 301, 302, 303, 307, 308 [RFC 9110 §15.4]: the target, absolute, where the answer names one that is a URL. */
export function redirectTarget(httpStatus: number, location: string | undefined, from: string): string | undefined {
  if (![301, 302, 303, 307, 308].includes(httpStatus) || location === undefined || location === '') return undefined;
  return URL.canParse(location, from) ? new URL(location, from).toString() : undefined;
}
