/** The connection of a specification: where its service is, and what it wants to be shown [OpenAPI 2.0 `host`, 3.x Server and Security Scheme Objects]. */
import { isHeaderName, isTransportHeader } from '../config';
import { commentOf } from './plain-text';
import { SpecificationError } from './problem';
import type { Place, Specification } from './specification';
import { at, entriesOf, isMap, itemsOf, resolved, textAt } from './values';

/** `auth` of a connection as the worker's file has it. */
export type Auth =
  | { type: 'none' }
  | { type: 'key'; in: 'query' | 'header'; name: string; value: { env: string } }
  | { type: 'bearer' | 'sas'; value: { env: string } }
  | { type: 'entra'; scope: string };

export interface Credentials {
  auth: Auth;
  /** Names of all headers and parameters that carry credentials, in lower case. */
  names: Set<string>;
  /** What else the service takes, and what cannot be said. */
  notes: string[];
}

interface Server {
  baseUrl: string;
  notes: string[];
}

/**
 * The base URL, with the variables of a server filled in by their defaults, or the first of their values.
 * @throws SpecificationError where the specification does not say where the service is
 */
export function serverOf(specification: Specification): Server {
  const { root, version } = specification;
  const server = version === 2 ? server2(specification) : server3(at(root, 'servers'));
  if (server === undefined || !URL.canParse(server.baseUrl) || !/^https?:$/.test(new URL(server.baseUrl).protocol)) {
    const found = server === undefined ? '' : ` (it has ${commentOf(server.baseUrl)})`;
    throw new SpecificationError(`the specification does not say where its service is${found}; name its URL with --base-url`);
  }
  return { ...server, baseUrl: baseUrlOf(server.baseUrl) };
}

/** @throws SpecificationError */
export function baseUrlOf(written: string): string {
  const url = URL.canParse(written) ? new URL(written) : undefined;
  if (
    url === undefined ||
    !/^https?:$/.test(url.protocol) ||
    url.username !== '' ||
    url.password !== '' ||
    url.search !== '' ||
    url.hash !== ''
  ) {
    throw new SpecificationError(`${commentOf(written)} is no base URL: it must be http(s), without credentials, query and fragment`);
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

function server2(specification: Specification): Server | undefined {
  const { root } = specification;
  const schemes = itemsOf(at(root, 'schemes')).map(({ value }) => value);
  const scheme = schemes.length === 0 || schemes.includes('https') ? 'https' : String(schemes[0]);
  const basePath = (textAt(root, 'basePath') ?? '').replace(/^(?=[^/])/, '/');
  // [autorest, x-ms-parameterized-host]
  const parameterized = at(root, 'x-ms-parameterized-host');
  const template = textAt(parameterized, 'hostTemplate');
  if (template !== undefined) {
    const parameters = itemsOf(at(parameterized, 'parameters')).map((parameter) => resolved(specification, parameter));
    const whole = at(parameterized, 'useSchemePrefix').value === false || template.includes('://') ? template : `${scheme}://${template}`;
    return filledIn(`${whole}${basePath}`, new Map(parameters.map((parameter) => [textAt(parameter, 'name') ?? '', parameter])));
  }
  const host = textAt(root, 'host');
  return host === undefined ? undefined : { baseUrl: `${scheme}://${host}${basePath}`, notes: [] };
}

function server3(servers: Place): Server | undefined {
  const [first, ...others] = itemsOf(servers);
  const url = first && textAt(first, 'url');
  if (first === undefined || url === undefined) return undefined;
  const server = filledIn(url, new Map(entriesOf(at(first, 'variables'))));
  const more = others.flatMap((other) => textAt(other, 'url') ?? []).map(commentOf);
  return more.length === 0 ? server : { ...server, notes: [...server.notes, `other servers: ${more.join(', ')}`] };
}

/** A template with the values of its variables; `--base-url` says others. */
function filledIn(template: string, variables: ReadonlyMap<string, Place>): Server {
  const notes: string[] = [];
  const baseUrl = template.replace(/\{([^{}]+)\}/g, (_, name: string) => {
    const variable = variables.get(name);
    const values = variable === undefined ? [] : itemsOf(at(variable, 'enum')).map(({ value }) => value);
    const known = variable === undefined ? undefined : (at(variable, 'default').value ?? values[0]);
    if (typeof known !== 'string') {
      throw new SpecificationError(
        `the specification does not say what "${commentOf(name)}" of its server ${commentOf(template)} is; name the whole URL with --base-url`,
      );
    }
    const others = values.filter((value) => value !== known).map((value) => commentOf(value));
    notes.push(
      `${commentOf(name)} of ${commentOf(template)} is "${commentOf(known)}"${others.length === 0 ? '' : ` (or ${others.join(', ')})`}`,
    );
    return known;
  });
  return { baseUrl, notes };
}

/**
 * How the service wants to be shown who asks: the first that a connection can say.
 * @param environment what names of environment variables begin with
 */
export function credentialsOf(specification: Specification, environment: string): Credentials {
  const { root, version } = specification;
  const defined = version === 2 ? at(root, 'securityDefinitions') : at(at(root, 'components'), 'securitySchemes');
  const schemes = entriesOf(defined).map(([name, scheme]) => ({ name, scheme: resolved(specification, scheme) }));
  const names = new Set(
    schemes.flatMap(({ scheme }) => (textAt(scheme, 'type') === 'apiKey' ? (textAt(scheme, 'name')?.toLowerCase() ?? []) : [])),
  );
  const wanted = itemsOf(at(root, 'security'))
    .map((alternative) => entriesOf(alternative).map(([name]) => name))
    .filter((alternative) => alternative.length > 0);
  // Without a wish of the whole specification, operations name theirs: whatever is defined is among them.
  const candidates = (wanted.length > 0 ? wanted.flat() : schemes.map(({ name }) => name)).flatMap(
    (name) => schemes.find((scheme) => scheme.name === name) ?? [],
  );
  const known = candidates.flatMap(({ name, scheme }) => {
    const auth = authOf(scheme, environment);
    return auth === undefined ? [] : [{ name, auth }];
  });
  const notes: string[] = [];
  const [first, ...others] = known;
  if (others.length > 0) notes.push(`the service also takes ${others.map(({ name }) => `"${commentOf(name)}"`).join(', ')}`);
  if (first === undefined && candidates.length > 0) {
    notes.push(
      `no auth of a connection is what the specification asks: ${candidates.map(({ name }) => `"${commentOf(name)}"`).join(', ')}`,
    );
  }
  return { auth: first?.auth ?? { type: 'none' }, names, notes };
}

function authOf(scheme: Place, environment: string): Auth | undefined {
  const bearer: Auth = { type: 'bearer', value: { env: `${environment}_TOKEN` } };
  switch (textAt(scheme, 'type')) {
    case 'apiKey':
      return keyOf(scheme, environment);
    case 'http':
      return textAt(scheme, 'scheme')?.toLowerCase() === 'bearer' ? bearer : undefined;
    case 'oauth2':
      return entraOf(scheme) ?? bearer;
    case 'openIdConnect':
      return bearer;
    default:
      return undefined;
  }
}

function keyOf(scheme: Place, environment: string): Auth | undefined {
  const place = textAt(scheme, 'in');
  const name = textAt(scheme, 'name');
  if (name !== undefined && place === 'header' && isAccessSignature(name, textAt(scheme, 'description') ?? '')) {
    return { type: 'sas', value: { env: `${environment}_SAS` } };
  }
  if (
    name === undefined ||
    !isHeaderName(name) ||
    isTransportHeader(name) ||
    name.toLowerCase() === 'api-version' ||
    (place !== 'query' && place !== 'header')
  )
    return undefined;
  return { type: 'key', in: place, name, value: { env: `${environment}_KEY` } };
}

/** Azure Maps' tokens, which its specifications name in words. */
function isAccessSignature(name: string, description: string): boolean {
  return /^(authorization|sas[ -]?token)$/i.test(name) && /\bsas\b|shared access signature/i.test(`${name} ${description}`);
}

/** Microsoft Entra ID, by where tokens come from. */
function entraOf(scheme: Place): Auth | undefined {
  const flows = [scheme, ...entriesOf(at(scheme, 'flows')).map(([, flow]) => flow)].filter(isMap);
  const flow = flows.find((one) =>
    ['authorizationUrl', 'tokenUrl'].some((key) => {
      const url = textAt(one, key) ?? '';
      return URL.canParse(url) && /^login\.(microsoftonline|windows|microsoft)\.(com|net)$/.test(new URL(url).hostname);
    }),
  );
  const scope = flow && entriesOf(at(flow, 'scopes')).find(([name]) => URL.canParse(name))?.[0];
  if (scope === undefined) return undefined;
  // A worker is no user: what it may do is set at the service, and asked for as a whole.
  return { type: 'entra', scope: scope.endsWith('/.default') ? scope : `${new URL(scope).protocol}//${new URL(scope).host}/.default` };
}
