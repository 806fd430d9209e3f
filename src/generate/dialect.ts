/**
 * What a specification says of how an operation is polled.
 *
 * Keeps true: nothing is guessed. A marked operation, and one whose answer has a header that Azure's services have, is Azure's. For another one a
 * dialect is written where links say where the operation is polled, and where its words are known; else what is missing is named.
 */
import { dialectSchema } from '../config/dialect-schema';
import { DEFAULT_STATUS_HEADERS } from '../lro/settings';
import { isRunningAnywhere, statusKind } from '../lro/status-words';
import { answersOf, schemaOfAnswer, type FoundOperation } from './operations';
import { commentOf } from './plain-text';
import { referenceIn, type Place, type Specification } from './specification';
import { at, entriesOf, itemsOf, resolved, textAt } from './values';

/** Keys of a dialect as the worker's file has them. */
export interface DialectMap {
  pollingLocation: string;
  status: string;
  succeeded: string[];
  failed: string[];
  canceled: string[];
  running: string[];
}

export interface PollingFound {
  /** Absent: Azure's, or not known. */
  dialect?: DialectMap;
  /** The schema of a poll's answer, which is the result's `body`; absent where `bodySchemaOf` says it. */
  polled?: Place | undefined;
  /** What is not known, and where it can be said. */
  notes: string[];
}

type Words = Pick<DialectMap, 'succeeded' | 'failed' | 'canceled' | 'running'> & { unknown: string[] };

/** What answers an operation that has been taken, and what its polls answer. */
const ACCEPTING = ['202', '201', '200'];
const MAX_COMPOSED = 20;

export function pollingOf(specification: Specification, found: FoundOperation, all: readonly FoundOperation[]): PollingFound {
  const answers = ACCEPTING.flatMap((code) => answersOf(specification, found).get(code) ?? []);
  const name = commentOf(found.id);
  if (found.isMarked || answers.some(hasStatusHeader)) {
    const schemas = answers.flatMap((answer) => schemaOfAnswer(specification, answer) ?? []);
    const { unknown } = wordsOf(schemas.flatMap((schema) => statusValues(specification, schema)?.values ?? []));
    if (unknown.length === 0) return { notes: [] };
    return { notes: [`the status ${quoted(unknown)} of ${name} counts as running until \`statusWords\` says what it means`] };
  }
  const linked = answers.flatMap((answer) => linksOf(specification, answer, all))[0];
  if (linked === undefined) {
    return { notes: [`the specification does not say where ${name} is polled: say it as \`dialect\` (docs/dialects.md)`] };
  }
  const polled = schemaOfAnswer(specification, answersOf(specification, linked.operation).get('200'));
  const status = polled && statusValues(specification, polled);
  const { unknown, ...words } = wordsOf(status?.values ?? []);
  if (status === undefined || words.succeeded.length === 0) {
    const what =
      status === undefined
        ? 'has no status whose words it lists'
        : `has no word for success that is known${unknown.length === 0 ? '' : ` (${quoted(unknown)})`}`;
    return {
      polled,
      notes: [
        `${name} is polled at ${commentOf(linked.location)}, whose answer ${what}: say the rest of its \`dialect\` (docs/dialects.md)`,
      ],
    };
  }
  const dialect = { pollingLocation: linked.location, status: `$response.body#${status.pointer}`, ...words };
  if (!dialectSchema.safeParse(dialect).success) {
    return { polled, notes: [`${name} is polled at ${commentOf(linked.location)}, which no dialect can say`] };
  }
  return {
    dialect,
    polled,
    notes:
      unknown.length === 0 ? [] : [`the status ${quoted(unknown)} of ${name} counts as running until its \`dialect\` says what it means`],
  };
}

function hasStatusHeader(answer: Place): boolean {
  const known: readonly string[] = DEFAULT_STATUS_HEADERS.map((header) => header.toLowerCase());
  return entriesOf(at(answer, 'headers')).some(([name]) => known.includes(name.toLowerCase()));
}

/** Where links of an answer lead to a GET whose parameters they all say [OpenAPI 3, Link Object]. */
function linksOf(
  specification: Specification,
  answer: Place,
  all: readonly FoundOperation[],
): { operation: FoundOperation; location: string }[] {
  return entriesOf(at(answer, 'links')).flatMap(([, written]) => {
    const link = resolved(specification, written);
    const operation = all.find(({ id, method }) => method === 'GET' && id === textAt(link, 'operationId'));
    if (operation === undefined) return [];
    const parameters = new Map(entriesOf(at(link, 'parameters')).map(([name, { value }]) => [name.replace(/^path\./, ''), value]));
    const isSaid = [...operation.path.matchAll(/\{([^{}]+)\}/g)].every(([, name = '']) => isExpression(parameters.get(name)));
    if (!isSaid) return [];
    const path = operation.path.replace(/\{([^{}]+)\}/g, (_, name: string) => `{${String(parameters.get(name))}}`);
    return [{ operation, location: `{base}${path}` }];
  });
}

/** One that a dialect can hold too. */
function isExpression(value: unknown): value is string {
  return typeof value === 'string' && /^\$response\.(body#(\/[\w.~-]+)+|header\.[\w-]+)$/.test(value);
}

/** The listed words of `status`, of `state`, or of `properties.provisioningState`, and where they stand. */
function statusValues(specification: Specification, schema: Place): { pointer: string; values: string[] } | undefined {
  for (const pointer of ['/status', '/state', '/properties/provisioningState']) {
    let level: Place[] = [schema];
    for (const key of pointer.slice(1).split('/')) level = level.flatMap((one) => propertyOf(specification, one, key));
    const values = level
      .flatMap((one) => itemsOf(at(resolved(specification, one), 'enum')))
      .flatMap(({ value }) => (typeof value === 'string' ? [value] : []));
    if (values.length > 0) return { pointer, values };
  }
  return undefined;
}

/** A property of a schema, or of those that it is composed of. */
function propertyOf(specification: Specification, schema: Place, key: string, depth = 0): Place[] {
  if (depth > MAX_COMPOSED) return [];
  const whole = referenceIn(schema) === undefined ? schema : resolved(specification, schema);
  const own = at(at(whole, 'properties'), key);
  if (own.value !== undefined) return [own];
  for (const part of itemsOf(at(whole, 'allOf'))) {
    const found = propertyOf(specification, part, key, depth + 1);
    if (found.length > 0) return found;
  }
  return [];
}

function wordsOf(values: readonly string[]): Words {
  const words: Words = { succeeded: [], failed: [], canceled: [], running: [], unknown: [] };
  const seen = new Set<string>();
  for (const value of values) {
    const key = value.trim().toLowerCase();
    if (key === '' || seen.has(key)) continue;
    seen.add(key);
    const kind = statusKind(value, { succeeded: [], failed: [], canceled: [], running: [] });
    words[kind !== 'running' || isRunningAnywhere(value) ? kind : 'unknown'].push(value);
  }
  return words;
}

function quoted(words: readonly string[]): string {
  return words.map((word) => `"${commentOf(word)}"`).join(', ');
}
