/**
 * `lro generate`: typed functions, and a connection with its dialect, for the long-running operations of an OpenAPI specification.
 *
 * Keeps true: the same specification gives the same bytes; the worker reads the file of connections as it is written; what a
 * specification does not say is named to people, and not guessed.
 */
import { basename } from 'node:path';
import { configFile, type PlannedConnection } from './config-file';
import { baseUrlOf, credentialsOf, serverOf } from './connection';
import { pollingOf } from './dialect';
import { writeFiles, type WrittenFile } from './files';
import { chosenOperations, finalStateOf, operationsOf } from './operations';
import { operationsFile, type PlannedOperation } from './operations-file';
import { commentOf } from './plain-text';
import { SpecificationError } from './problem';
import { requestOf } from './request';
import { readSpecification, type Specification } from './specification';

export { SpecificationError } from './problem';

export interface GenerateOptions {
  /** OpenAPI 2.0, 3.0 or 3.1, JSON or YAML. */
  specification: string;
  /** Folder of what is written. */
  out: string;
  /** Name of the connection. */
  connection: string;
  /** Instead of what the specification says. */
  baseUrl?: string;
  /** Ids of operations that are long-running without being marked. */
  operations: readonly string[];
  /** Folder that references may lead to; default the specification's. */
  refsBelow?: string;
  /** Overwrites files that differ. */
  force: boolean;
}

export interface GenerateResult {
  files: WrittenFile[];
  /** Ids of the operations that have a function now. */
  operations: string[];
  /** What people must know or say. */
  notes: string[];
}

/** Room for what is added to the name of a connection of its own dialect. */
const CONNECTION_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,55}$/;

/** @throws SpecificationError */
export async function generate(options: GenerateOptions): Promise<GenerateResult> {
  if (!CONNECTION_NAME.test(options.connection)) {
    throw new SpecificationError(
      `${commentOf(options.connection)} is no name of a connection: letters, digits, ".", "_" and "-", at most 56 (--connection)`,
    );
  }
  const specification = await readSpecification(options.specification, options.refsBelow);
  const { contents, operations, notes } = generated(specification, options);
  return { files: await writeFiles(options.out, contents, options.force), operations, notes };
}

function generated(specification: Specification, options: GenerateOptions) {
  try {
    return contentsOf(specification, options);
  } catch (error) {
    if (error instanceof RangeError) throw new SpecificationError(`${options.specification} nests too deep`);
    throw error;
  }
}

function contentsOf(specification: Specification, options: GenerateOptions) {
  const all = operationsOf(specification);
  const chosen = chosenOperations(all, options.operations);
  const server = options.baseUrl === undefined ? serverOf(specification) : { baseUrl: baseUrlOf(options.baseUrl), notes: [] };
  const environment = options.connection.replace(/[^A-Za-z0-9]+/g, '_').toUpperCase();
  const { auth, names, notes: authNotes } = credentialsOf(specification, /^\d/.test(environment) ? `_${environment}` : environment);
  const requests = chosen.map((found) => ({ found, request: requestOf(specification, found, names) }));
  const versions = new Set(requests.flatMap(({ request }) => request.apiVersion ?? []));
  const [version] = versions;
  const query: Record<string, string> = version === undefined || versions.size > 1 ? {} : { 'api-version': version };
  const connections: PlannedConnection[] = [];
  const notes = [...server.notes, ...authNotes];
  const general = [...notes];
  if (versions.size > 1) notes.push('operations differ in api-version: each sends its own, and polls only what their status URLs carry');
  const planned = requests.map(({ found, request }): PlannedOperation => {
    const polling = pollingOf(specification, found, all);
    const { unknownWord } = finalStateOf(found);
    const own = [
      ...polling.notes,
      ...request.notes.map((note) => `${commentOf(found.id)}: ${note}`),
      ...(unknownWord === undefined
        ? []
        : [`${commentOf(found.id)}: final-state-via "${commentOf(unknownWord)}" is not known, and left out`]),
    ];
    const key = JSON.stringify(polling.dialect);
    let connection = connections.find(({ dialect }) => JSON.stringify(dialect) === key);
    if (connection === undefined) {
      const name = connections.length === 0 ? options.connection : `${options.connection}-${connections.length + 1}`;
      connection = { name, baseUrl: server.baseUrl, query, auth, dialect: polling.dialect, notes: [...general] };
      connections.push(connection);
    }
    connection.notes.push(...own);
    notes.push(...own);
    return { found, request, connection: connection.name, polled: polling.polled, connectionHasVersion: versions.size <= 1 };
  });
  const source = basename(options.specification);
  return {
    contents: { 'lro.config.yaml': configFile(connections, source), 'operations.ts': operationsFile(specification, planned, all, source) },
    operations: chosen.map(({ id }) => id),
    notes,
  };
}
