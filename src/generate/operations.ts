/**
 * The operations of a specification: which there are, which are long-running, and what they take and give.
 */
import { FINAL_STATE_VIA, HTTP_METHODS, type FinalStateVia, type HttpMethod } from '../contract';
import { pascalCase } from './names';
import { commentOf } from './plain-text';
import { SpecificationError } from './problem';
import type { Place, Specification } from './specification';
import { at, entriesOf, isMap, itemsOf, resolved, textAt } from './values';

/** One operation, as it stands in the specification. */
export interface FoundOperation {
  /** `operationId`, or its method and path where it has none. */
  id: string;
  method: HttpMethod;
  path: string;
  /** [autorest, `x-ms-long-running-operation`] */
  isMarked: boolean;
  operation: Place;
  /** Parameters of the path, those that the operation has too left out, and its own. */
  parameters: Place[];
}

/** `final-state-via`, and the word where it is none that is known [autorest, `x-ms-long-running-operation-options`]. */
export interface FinalState {
  via?: FinalStateVia;
  unknownWord?: string;
  /** `final-state-schema` */
  schema?: Place;
}

const MAX_LISTED = 20;

/** All operations, in the order of the file. */
export function operationsOf(specification: Specification): FoundOperation[] {
  const paths = [...entriesOf(at(specification.root, 'paths')), ...entriesOf(at(specification.root, 'x-ms-paths'))];
  return paths.flatMap(([path, written]) => {
    if (!path.startsWith('/')) return [];
    const item = resolved(specification, written);
    const shared = itemsOf(at(item, 'parameters')).map((parameter) => resolved(specification, parameter));
    return HTTP_METHODS.flatMap((method): FoundOperation[] => {
      const operation = at(item, method.toLowerCase());
      if (!isMap(operation)) return [];
      const own = itemsOf(at(operation, 'parameters')).map((parameter) => resolved(specification, parameter));
      const names = new Set(own.map(placeAndName));
      return [
        {
          id: textAt(operation, 'operationId') ?? `${method.toLowerCase()}${pascalCase(path, 'Root')}`,
          method,
          path,
          isMarked: at(operation, 'x-ms-long-running-operation').value === true,
          operation,
          parameters: [...shared.filter((parameter) => !names.has(placeAndName(parameter))), ...own],
        },
      ];
    });
  });
}

/**
 * Those to generate: all that are marked, and those that are named.
 * @throws SpecificationError that lists what there is where that is none
 */
export function chosenOperations(all: readonly FoundOperation[], wanted: readonly string[]): FoundOperation[] {
  const missing = wanted.find((id) => !all.some((operation) => operation.id === id));
  if (missing !== undefined) throw new SpecificationError(`the specification has no operation "${commentOf(missing)}"; ${listed(all)}`);
  const chosen = all.filter(({ id, isMarked }) => isMarked || wanted.includes(id));
  if (chosen.length > 0) return chosen;
  throw new SpecificationError(
    `no operation is marked x-ms-long-running-operation; ${listed(all)}; name those that are long-running with --operation <id>`,
  );
}

function listed(all: readonly FoundOperation[]): string {
  if (all.length === 0) return 'it has no operations at all';
  const first = all.slice(0, MAX_LISTED).map(({ id, method, path }) => `${commentOf(id)} (${method} ${commentOf(path)})`);
  const more = all.length > MAX_LISTED ? ` and ${all.length - MAX_LISTED} more` : '';
  return `it has ${first.join(', ')}${more}`;
}

function placeAndName(parameter: Place): string {
  return JSON.stringify([textAt(parameter, 'in'), textAt(parameter, 'name')]);
}

export function finalStateOf({ operation }: FoundOperation): FinalState {
  const options = at(operation, 'x-ms-long-running-operation-options');
  const word = textAt(options, 'final-state-via');
  const via = FINAL_STATE_VIA.find((known) => known === word);
  const schema = at(options, 'final-state-schema');
  return {
    ...(via === undefined ? {} : { via }),
    ...(word === undefined || via !== undefined ? {} : { unknownWord: word }),
    // A reference, written as its text alone.
    ...(typeof schema.value === 'string' ? { schema: { ...schema, value: { $ref: schema.value } } } : isMap(schema) ? { schema } : {}),
  };
}

/** The answers of an operation, by code. */
export function answersOf(specification: Specification, { operation }: FoundOperation): ReadonlyMap<string, Place> {
  return new Map(entriesOf(at(operation, 'responses')).map(([code, answer]) => [code, resolved(specification, answer)]));
}

/** The schema of an answer's JSON. */
export function schemaOfAnswer({ version }: Specification, answer: Place | undefined): Place | undefined {
  if (answer === undefined) return undefined;
  if (version === 2) return definedAt(answer, 'schema');
  const json = entriesOf(at(answer, 'content')).find(([type]) => isJsonType(type));
  return json === undefined ? undefined : definedAt(json[1], 'schema');
}

/**
 * The schema of what is the result's `body`: `final-state-schema`, else that of the answer that has the end [autorest: the 200 or 201 of a
 * long-running operation describes its end, the 202 its begin].
 */
export function bodySchemaOf(specification: Specification, found: FoundOperation): Place | undefined {
  const { schema } = finalStateOf(found);
  if (schema !== undefined) return schema;
  const answers = answersOf(specification, found);
  return ['200', '201'].map((code) => schemaOfAnswer(specification, answers.get(code))).find((one) => one !== undefined);
}

/**
 * The schema of what the operation makes: what the GET of its own path answers (PUT, PATCH), or the GET one parameter below it (POST).
 */
export function resourceSchemaOf(specification: Specification, found: FoundOperation, all: readonly FoundOperation[]): Place | undefined {
  const own = found.path.split('?')[0] ?? '';
  const read = all.find(({ method, path }) => {
    if (method !== 'GET') return false;
    if (found.method !== 'POST') return path === own;
    return path.startsWith(`${own}/{`) && /^\{[^{}/]+\}$/.test(path.slice(own.length + 1));
  });
  return read === undefined ? undefined : schemaOfAnswer(specification, answersOf(specification, read).get('200'));
}

/** `application/json`, `application/geo+json`, `text/json`, with or without parameters. */
export function isJsonType(type: string): boolean {
  return /^[^/;]+\/([^;]+\+)?json\s*(;|$)/i.test(type.trim());
}

function definedAt(place: Place, key: string): Place | undefined {
  const found = at(place, key);
  return found.value === undefined ? undefined : found;
}
