/** What an operation's request takes: parameters in their places, and a body [OpenAPI, Parameter Object and Request Body Object]. */
import { isCredentialHeader, isHeaderName, isTransportHeader } from '../config';
import { IDEMPOTENCY_HEADERS } from '../lro/settings';
import { isJsonType, type FoundOperation } from './operations';
import { commentOf } from './plain-text';
import type { Place, Specification } from './specification';
import { at, entriesOf, isMap, itemsOf, resolved, textAt } from './values';

export interface Parameter {
  in: 'path' | 'query' | 'headers';
  name: string;
  required: boolean;
  schema: Place;
  description?: string | undefined;
  /** Of a list in the query: what stands between its values, or one parameter for each. */
  list?: 'repeated' | ',' | ' ' | '\t' | '|' | undefined;
}

export interface RequestBody {
  required: boolean;
  /** Absent: the body is no JSON, and comes from a file. */
  schema?: Place;
  /** Of a file; absent where several are possible. */
  contentType?: string;
}

export interface Request {
  parameters: Parameter[];
  body?: RequestBody;
  /** Parameter `api-version`, which the connection or the description sends. */
  apiVersion?: string;
  /** Things that a generated function cannot send. */
  notes: string[];
}

/** Sent by the worker itself: keys of the submit, what an answer may be, what a body is. */
const OWN_HEADERS = new Set(
  [...IDEMPOTENCY_HEADERS, 'Repeatability-First-Sent', 'Accept', 'Content-Type'].map((name) => name.toLowerCase()),
);

const PLACES = new Map<string | undefined, Parameter['in']>([
  ['path', 'path'],
  ['query', 'query'],
  ['header', 'headers'],
]);

/** @param credentials names of parameters and headers that carry the connection's credentials, in lower case */
export function requestOf(specification: Specification, found: FoundOperation, credentials: ReadonlySet<string>): Request {
  const notes: string[] = [];
  const request: Request = { parameters: [], notes };
  for (const written of found.parameters) {
    const name = textAt(written, 'name');
    if (name === undefined) continue;
    const place = PLACES.get(textAt(written, 'in'));
    const key = name.toLowerCase();
    if (place === 'query' && key === 'api-version') {
      const version = apiVersionOf(specification, written);
      if (version !== undefined) {
        request.apiVersion = version;
        continue;
      }
    }
    if (textAt(written, 'in') === 'cookie') notes.push(`cookie "${commentOf(name)}" is not sent`);
    if (place === undefined || credentials.has(key)) continue;
    if (textAt(parameterSchema(specification, written), 'type') === 'object') notes.push(`parameter "${commentOf(name)}" is sent as JSON`);
    if (place === 'headers' && (OWN_HEADERS.has(key) || !isHeaderName(name) || isCredentialHeader(name) || isTransportHeader(name)))
      continue;
    request.parameters.push({
      in: place,
      name,
      required: place === 'path' || at(written, 'required').value === true,
      schema: parameterSchema(specification, written),
      description: textAt(written, 'description'),
      list: place === 'query' ? listStyle(specification, written) : undefined,
    });
  }
  // Some specifications name a parameter in the path alone.
  for (const [, name = ''] of found.path.matchAll(/\{([^{}]+)\}/g)) {
    if (request.parameters.some((parameter) => parameter.in === 'path' && parameter.name === name)) continue;
    request.parameters.push({ in: 'path', name, required: true, schema: { ...found.operation, value: { type: 'string' } } });
  }
  const body = specification.version === 2 ? bodyOf2(specification, found) : bodyOf3(specification, found);
  if (body !== undefined) request.body = body;
  return request;
}

/** One that is always the same; else the version of the specification, where that looks like one [Azure API guidelines, `api-version`]. */
function apiVersionOf(specification: Specification, parameter: Place): string | undefined {
  const schema = parameterSchema(specification, parameter);
  const values = itemsOf(at(schema, 'enum'));
  const fixed = [values.length === 1 ? values[0]?.value : undefined, at(schema, 'const').value, at(schema, 'default').value]
    .concat(at(parameter, 'x-ms-client-default').value)
    .find((value): value is string => typeof value === 'string' && value !== '');
  if (fixed !== undefined) return fixed;
  const version = textAt(at(specification.root, 'info'), 'version') ?? '';
  return /^(\d{4}-\d{2}-\d{2}|v?\d+(\.\d+)+)(-[\w.]+)?$/.test(version) ? version : undefined;
}

/** Of a parameter of version 2 itself; in 3 of `schema`, or of JSON in `content`. */
function parameterSchema(specification: Specification, parameter: Place): Place {
  const schema = at(parameter, 'schema');
  if (isMap(schema)) return resolved(specification, schema);
  return parameter;
}

function listStyle(specification: Specification, parameter: Place): Parameter['list'] {
  if (textAt(parameterSchema(specification, parameter), 'type') !== 'array') return undefined;
  if (specification.version === 2) {
    const styles = { csv: ',', ssv: ' ', tsv: '\t', pipes: '|', multi: 'repeated' } as const;
    const style = textAt(parameter, 'collectionFormat') ?? 'csv';
    return Object.hasOwn(styles, style) ? styles[style as keyof typeof styles] : ',';
  }
  const style = textAt(parameter, 'style') ?? 'form';
  const { value: explode } = at(parameter, 'explode');
  if (explode === undefined ? style === 'form' : explode === true) return 'repeated';
  return style === 'pipeDelimited' ? '|' : style === 'spaceDelimited' ? ' ' : ',';
}

function bodyOf2(specification: Specification, { parameters, operation }: FoundOperation): RequestBody | undefined {
  const own = itemsOf(at(operation, 'consumes'));
  const types = (own.length > 0 ? own : itemsOf(at(specification.root, 'consumes'))).flatMap(({ value }) =>
    typeof value === 'string' ? [value] : [],
  );
  const isForm = parameters.some((parameter) => textAt(parameter, 'in') === 'formData');
  if (isForm) return { required: true, ...onlyType(types) };
  const body = parameters.find((parameter) => textAt(parameter, 'in') === 'body');
  if (body === undefined) return undefined;
  const required = at(body, 'required').value === true;
  const schema = at(body, 'schema');
  const isBinary = ['binary', 'file'].includes(textAt(resolved(specification, schema), 'format') ?? '');
  const json = types.length === 0 || types.some(isJsonType);
  if (isBinary || !json) return { required, ...onlyType(types.filter((type) => !isJsonType(type))) };
  return { required, schema, ...onlyType(types.length === 0 ? ['application/json'] : types) };
}

function bodyOf3(specification: Specification, { operation }: FoundOperation): RequestBody | undefined {
  const written = at(operation, 'requestBody');
  if (!isMap(written)) return undefined;
  const body = resolved(specification, written);
  const required = at(body, 'required').value === true;
  const content = entriesOf(at(body, 'content'));
  const json = content.find(([type]) => isJsonType(type));
  const types = content.map(([type]) => type);
  return json === undefined ? { required, ...onlyType(types) } : { required, schema: at(json[1], 'schema'), ...onlyType(types) };
}

/** Where there is but one; a range such as `image/*` is none, and a form names what stands between its parts. */
function onlyType(types: readonly string[]): { contentType?: string } {
  const [type] = types;
  if (type === undefined || types.length > 1 || /^multipart\//i.test(type)) return {};
  return /^[\w.+-]+\/[\w.+-]+$/.test(type) ? { contentType: type } : {};
}
