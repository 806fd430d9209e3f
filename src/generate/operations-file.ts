/** The generated file with a function for each operation. */
import type { FinalStateVia } from '../contract';
import { Names } from './names';
import { bodySchemaOf, finalStateOf, resourceSchemaOf, type FoundOperation } from './operations';
import { commentOf, literalOf } from './plain-text';
import type { Request } from './request';
import { indented, objectType, SchemaTypes } from './schema-types';
import type { Place, Specification } from './specification';
import { textAt } from './values';

/** An operation with all that its function needs. */
export interface PlannedOperation {
  found: FoundOperation;
  request: Request;
  /** Name of its connection. */
  connection: string;
  /** Schema of the answers to polls where links name them. */
  polled?: Place | undefined;
  /** Whether the connection sends `api-version` already. */
  connectionHasVersion: boolean;
}

const PLACES = ['path', 'query', 'headers'] as const;

/** @param source name of the specification's file */
export function operationsFile(
  specification: Specification,
  planned: readonly PlannedOperation[],
  all: readonly FoundOperation[],
  source: string,
): string {
  const names = new Names();
  const types = new SchemaTypes(specification, names);
  // Names of functions first: no schema changes them.
  const functions = planned.map((operation) => ({ operation, name: names.functionName(operation.found.id) }));
  const parts = functions.map(({ operation, name }) => functionOf(specification, operation, name, all, types, names));
  const declarations = types.declarations();
  const used = [...parts, ...declarations].join('\n');
  const imported = ['BodyFile', 'BodyOrFile', 'Json', 'OperationDescription', 'OperationSettings', 'OptionalBodyOrFile', 'TypedInput'];
  const typeImports = imported.filter((name) => new RegExp(`\\b${name}\\b`).test(used)).map((name) => `type ${name}`);
  const head = [
    `// Written by \`lro generate\` from ${commentOf(source)}: generate it anew instead of changing it.`,
    '/* eslint-disable */',
    `import { describedInput, ${typeImports.join(', ')} } from 'durable-lro';`,
  ];
  return `${[head.join('\n'), ...parts, ...declarations].join('\n\n')}\n`;
}

function functionOf(
  specification: Specification,
  { found, request, connection, polled, connectionHasVersion }: PlannedOperation,
  name: string,
  all: readonly FoundOperation[],
  types: SchemaTypes,
  names: Names,
): string {
  const parametersName = names.typeName(`${name}Parameters`);
  const groups = PLACES.flatMap((place) => {
    const own = request.parameters.filter((parameter) => parameter.in === place);
    if (own.length === 0) return [];
    const properties = own.map((parameter) => ({ ...parameter, type: types.typeOf(parameter.schema) }));
    return [{ name: place, required: own.some(({ required }) => required), type: objectType(properties) }];
  });
  const body = bodyType(request, types);
  const parametersType = [
    ...(groups.length === 0 && body !== undefined ? [] : [objectType(groups)]),
    ...(body === undefined ? [] : [body]),
  ].join(' & ');
  const isOptional = groups.every(({ required }) => !required) && request.body?.required !== true;
  const result = [polled ?? bodySchemaOf(specification, found), resourceSchemaOf(specification, found, all)].map((schema) =>
    schema === undefined ? 'Json' : types.typeOf(schema),
  );
  const summary = commentOf(textAt(found.operation, 'summary') ?? textAt(found.operation, 'description'));
  const description = descriptionOf(found, request, connection, connectionHasVersion);
  const takes = `parameters: ${parametersName}${isOptional ? ' = {}' : ''}, settings?: OperationSettings`;
  return [
    `export type ${parametersName} = ${parametersType};`,
    '',
    `/** ${summary === '' ? '' : `${summary.replace(/\.?$/, '.')} `}${found.method} ${commentOf(found.path)} */`,
    `export function ${name}(${takes}): TypedInput<${result.join(', ')}> {`,
    `  const description: OperationDescription = ${indented(description).trimStart()};`,
    `  return describedInput(description, parameters, settings);`,
    `}`,
  ].join('\n');
}

function bodyType({ body }: Request, types: SchemaTypes): string | undefined {
  if (body === undefined) return undefined;
  const { schema, required } = body;
  if (schema === undefined) return objectType([{ name: 'bodyFile', required, type: 'BodyFile' }]);
  return `${required ? 'BodyOrFile' : 'OptionalBodyOrFile'}<${types.typeOf(schema)}>`;
}

function descriptionOf(found: FoundOperation, request: Request, connection: string, connectionHasVersion: boolean): string {
  const via: FinalStateVia | undefined = finalStateOf(found).via;
  const [path = '', fixed = ''] = found.path.split('?');
  const query = [
    ...new URLSearchParams(fixed),
    ...(request.apiVersion === undefined || connectionHasVersion ? [] : [['api-version', request.apiVersion] as const]),
  ];
  const lists = request.parameters.filter(({ list }) => list !== undefined && list !== ',');
  const repeated = lists.filter(({ list }) => list === 'repeated').map(({ name }) => name);
  const separators = lists.filter(({ list }) => list !== 'repeated').map(({ name, list }) => [name, list] as const);
  const entries: [string, unknown][] = [
    ['connection', connection],
    ['method', found.method],
    ['path', path],
    ['finalStateVia', via],
    ['query', query.length === 0 ? undefined : Object.fromEntries(query)],
    ['repeated', repeated.length === 0 ? undefined : repeated],
    ['separators', separators.length === 0 ? undefined : Object.fromEntries(separators)],
    ['contentType', request.body?.contentType],
  ];
  const lines = entries.flatMap(([key, value]) => (value === undefined ? [] : [`  ${key}: ${literalOf(value)},`]));
  return `{\n${lines.join('\n')}\n}`;
}
