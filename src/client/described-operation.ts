/**
 * Inputs made from the description of an operation: what the functions that `lro generate` writes return.
 *
 * Keeps true: a path parameter fills exactly one segment of the path, whatever it holds; a parameter that is not given is not sent.
 */
import type { BodyFile, FinalStateVia, HttpMethod, Json, OperationInput, SubmitRequest, TypedInput } from '../contract';

/** An operation as its specification has it. */
export interface OperationDescription {
  /** Of the worker's file. */
  connection: string;
  method: HttpMethod;
  /** Below the connection's base URL; `{name}` is filled in from `path` of the parameters. */
  path: string;
  finalStateVia?: FinalStateVia;
  /** Parameters that are always the same. */
  query?: Readonly<Record<string, string>>;
  /** Names of query parameters whose lists are sent as one parameter for each value. */
  repeated?: readonly string[];
  /** Between the values of other lists in the query, by name; default a comma. */
  separators?: Readonly<Record<string, string>>;
  /** Of a `bodyFile` that names none. */
  contentType?: string;
}

/** What a caller gives, in its four places. */
export interface OperationParameters {
  path?: object;
  query?: object;
  headers?: object;
  body?: unknown;
  bodyFile?: BodyFile;
}

/** What an operation's input has beside its request. */
export type OperationSettings = Omit<OperationInput, 'submit' | 'attach'> & Pick<SubmitRequest, 'idempotencyKey'>;

/** A body, or a file that the worker reads it from. */
export type BodyOrFile<Body> = { body: Body; bodyFile?: never } | { body?: never; bodyFile: BodyFile };

/** The same of a body that need not be there. */
export type OptionalBodyOrFile<Body> = { body?: Body; bodyFile?: never } | { body?: never; bodyFile?: BodyFile };

/**
 * The input that starts the described operation.
 * @param settings stand over what the description says
 * @throws TypeError where a path parameter is missing, empty, `.` or `..`: none of them is a segment of a path
 */
export function describedInput<Body = Json, Resource = Json>(
  description: OperationDescription,
  given: OperationParameters,
  { idempotencyKey, ...settings }: OperationSettings = {},
): TypedInput<Body, Resource> {
  const { connection, method, finalStateVia, contentType } = description;
  const { query, repeated } = queryOf(description, given.query);
  const headers = textsOf(given.headers);
  return {
    connection,
    ...(finalStateVia === undefined ? {} : { finalStateVia }),
    ...settings,
    submit: {
      method,
      path: withRepeated(pathOf(description.path, new Map(Object.entries(given.path ?? {}))), repeated),
      ...(Object.keys(query).length === 0 ? {} : { query }),
      ...(Object.keys(headers).length === 0 ? {} : { headers }),
      ...(given.body === undefined ? {} : { body: given.body as Json }),
      ...(given.bodyFile === undefined ? {} : { bodyFile: { ...(contentType === undefined ? {} : { contentType }), ...given.bodyFile } }),
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    },
  };
}

function pathOf(template: string, values: ReadonlyMap<string, unknown>): string {
  return template.replace(/\{([^{}]+)\}/g, (_, name: string) => {
    const written = textOf(values.get(name), ',');
    if (written === undefined || written === '') throw new TypeError(`path parameter "${name}" of ${template} is missing`);
    // Whoever resolves the URL takes these away, and the segment before with them.
    if (written === '.' || written === '..') throw new TypeError(`path parameter "${name}" of ${template} must not be "${written}"`);
    return encodeURIComponent(written);
  });
}

function queryOf({ query: fixed = {}, repeated = [], separators = {} }: OperationDescription, given: object | undefined) {
  const query = new Map<string, string | number | boolean>(Object.entries(fixed));
  const lists: [string, string][] = [];
  for (const [name, value] of Object.entries(given ?? {}) as [string, unknown][]) {
    if (Array.isArray(value) && repeated.includes(name)) {
      for (const item of value) lists.push([name, textOf(item, ',') ?? '']);
    } else if (typeof value === 'number' || typeof value === 'boolean') {
      query.set(name, value);
    } else {
      const written = textOf(value, Object.hasOwn(separators, name) ? (separators[name] ?? ',') : ',');
      if (written !== undefined) query.set(name, written);
    }
  }
  return { query: Object.fromEntries(query), repeated: lists };
}

/** Only a path's query string can name a parameter twice. */
function withRepeated(path: string, repeated: [string, string][]): string {
  if (repeated.length === 0) return path;
  return `${path}${path.includes('?') ? '&' : '?'}${new URLSearchParams(repeated).toString()}`;
}

function textsOf(given: object | undefined): Record<string, string> {
  const texts = Object.entries(given ?? {}).flatMap(([name, value]: [string, unknown]) => {
    const written = textOf(value, ',');
    return written === undefined ? [] : [[name, written] as const];
  });
  return Object.fromEntries(texts);
}

/** `undefined` for what is not there. */
function textOf(value: unknown, separator: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value)) return value.map((item) => textOf(item, separator) ?? '').join(separator);
  return typeof value === 'string' ? value : JSON.stringify(value);
}
