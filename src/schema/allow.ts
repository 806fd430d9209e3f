/**
 * What the worker's file lets callers send over a connection: `allow` and `overridable`.
 *
 * Keeps true: the file's own query parameters and headers are what goes out, unless the file itself lets callers replace them; no value is
 * repeated in a message.
 */
import type { ConnectionConfig } from '../config';
import { headerName, isOverrideHeader, isOverrideParameter } from '../config';
import type { HttpMethod } from '../contract';
import { pathBelow, readingsOf, urlProblem } from '../lro/paths';
import { MAX_QUERY_PARAMETERS, MAX_URL_CHARS } from './bounds';
import { globMatches } from './glob';

/** What a connection's entry of the file says about callers. */
export type CallerRules = Pick<ConnectionConfig, 'name' | 'baseUrl' | 'query' | 'headers' | 'allow' | 'overridable'>;

/** Which part of an input is judged. */
export type Field = 'submit' | 'cancel' | 'attach.statusUrl' | 'attach.requestUrl';

/** As messages name it. */
const PLACES: Record<Field, { method: string; path: string; query: string }> = {
  submit: { method: 'submit.method', path: 'submit.path', query: 'submit.query' },
  cancel: { method: 'cancel.method', path: 'cancel.path', query: 'cancel.path' },
  'attach.statusUrl': { method: 'attach', path: 'attach.statusUrl', query: 'attach.statusUrl' },
  'attach.requestUrl': { method: 'attach', path: 'attach.requestUrl', query: 'attach.requestUrl' },
};

/** Where a request goes: `method` and absolute `url`. */
export function routeMistakes(field: Field, { method, url }: { method: HttpMethod; url: string }, rules: CallerRules): string[] {
  const { methods, paths } = rules.allow;
  const at = PLACES[field];
  const mistakes: string[] = [];
  if (methods !== undefined && !methods.includes(method)) {
    mistakes.push(`${at.method}: ${method} is not among "allow.methods" of connection "${rules.name}" (${methods.join(', ')})`);
  }
  if (paths !== undefined && !isAmong(paths, url, rules.baseUrl)) {
    mistakes.push(`${at.path}: is not among "allow.paths" of connection "${rules.name}" (${listed(paths)})`);
  }
  return mistakes;
}

/** Whether a path matches one of the globs in every way a server may read it. */
function isAmong(globs: readonly string[], url: string, baseUrl: string): boolean {
  const readings = readingsOf(pathBelow(url, baseUrl) ?? new URL(url).pathname);
  return readings.every((reading) => globs.some((glob) => globMatches(glob, reading)));
}

/** A submit as it is about to be sent: whoever made up the activity's input, it was not `prepare` alone that looked at it. */
export function submitMistakes(
  { method, url, headers }: { method: HttpMethod; url: string; headers?: Readonly<Record<string, string>> | undefined },
  rules: CallerRules,
): string[] {
  const outside = urlProblem(url, rules.baseUrl);
  if (outside !== undefined) return [`submit.path: ${outside}`];
  return [
    ...routeMistakes('submit', { method, url }, rules),
    ...overrideMistakes('submit', url, rules),
    ...headerMistakes('submit', headers, rules),
  ];
}

/** A caller's headers. */
export function headerMistakes(
  field: 'submit' | 'cancel' | 'attach',
  headers: Readonly<Record<string, string>> | undefined,
  rules: CallerRules,
): string[] {
  const { allow, overridable, name: connection } = rules;
  return Object.entries(headers ?? {}).flatMap(([name, value]) => {
    const lower = name.toLowerCase();
    const at = `${field}.headers.${name.slice(0, 64)}`;
    const isNamed = allow.headers?.some((glob) => glob.toLowerCase() === lower) === true;
    if (isOverrideHeader(name) && !isNamed) {
      return [`${at}: overrides method, host or route of a request; "allow.headers" of connection "${connection}" does not name it`];
    }
    if (allow.headers !== undefined && !isNamed && !allow.headers.some((glob) => globMatches(glob.toLowerCase(), lower))) {
      return [`${at}: is not among "allow.headers" of connection "${connection}" (${listed(allow.headers)})`];
    }
    return differs(namedAsCompared(rules.headers), overridable.headers.map(headerName), headerName(name), value.trim())
      ? [`${at}: ${notOverridable('headers', lower, connection)}`]
      : [];
  });
}

/** The query of a URL that callers formed. @param free names that may differ all the same, in lower case */
export function queryMistakes(field: Field, url: string, rules: CallerRules, free: readonly string[] = []): string[] {
  const at = PLACES[field].query;
  if (url.length > MAX_URL_CHARS) return [`${at}: must make a URL of at most ${MAX_URL_CHARS} characters`];
  const parameters = [...new URL(url).searchParams];
  if (parameters.length > MAX_QUERY_PARAMETERS) return [`${at}: must be at most ${MAX_QUERY_PARAMETERS} query parameters`];
  const differing = parameters.flatMap(([name, value]) => {
    const lower = name.toLowerCase();
    return !free.includes(lower) && differs(rules.query, rules.overridable.query, lower, value) ? [lower] : [];
  });
  const own = [...new Set(differing)].map((name) => `${at}.${name}: ${notOverridable('query', name, rules.name)}`);
  return [...own, ...overrideMistakes(field, url, rules)];
}

/**
 * Query parameters that frameworks take for the method: fine where the file sets them itself (another value is judged by
 * {@link queryMistakes}) or lets callers set them.
 */
function overrideMistakes(field: Field, url: string, rules: CallerRules): string[] {
  const isIn = (names: readonly string[], name: string): boolean => names.some((one) => one.toLowerCase() === name.toLowerCase());
  const { query } = rules.overridable;
  // Some servers take `;` for `&`: what stands behind one is another parameter there, whatever the file sets.
  const parts = new URL(url).search.slice(1).split('&');
  const hidden = parts.flatMap((part) => part.split(';').slice(1)).flatMap((part) => [...new URLSearchParams(part).keys()]);
  const plain = [...new URL(url).searchParams.keys()].filter((name) => !isIn(Object.keys(rules.query), name));
  const names = [...new Set([...plain, ...hidden])].filter((name) => isOverrideParameter(name) && !isIn(query, name));
  return names.map((name) => {
    const shown = name.slice(0, 64);
    return `${PLACES[field].query}.${shown}: overrides the method of a request; "overridable.query" of connection "${rules.name}" does not name it`;
  });
}

/** Headers by the names that servers compare. */
function namedAsCompared(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [headerName(name), value]));
}

/** @param name in lower case, as services compare them */
function differs(own: Readonly<Record<string, string>>, overridable: readonly string[], name: string, value: string): boolean {
  if (overridable.some((one) => one.toLowerCase() === name)) return false;
  return Object.entries(own).some(
    ([ownName, ownValue]) => ownName.toLowerCase() === name && ownValue !== value && ownValue.trim() !== value,
  );
}

function notOverridable(place: 'query' | 'headers', name: string, connection: string): string {
  return `differs from what connection "${connection}" sends itself; "overridable: { ${place}: [${name}] }" there would let callers set it`;
}

const MAX_LISTED = 10;

function listed(globs: readonly string[]): string {
  if (globs.length === 0) return 'none';
  return [...globs.slice(0, MAX_LISTED), ...(globs.length > MAX_LISTED ? ['…'] : [])].join(', ');
}
