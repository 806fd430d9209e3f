/** JSON Schemas (draft 2020-12) of all that programs in other languages send and get, made by zod from what checks the inputs. */
import { z } from 'zod';
import {
  acceptance,
  batchProgress,
  batchResult,
  buildTilesetResult,
  chainProgress,
  chainResult,
  failureDetails,
  itemReport,
  itemStanding,
  operationProgress,
  operationResult,
} from './answers';
import { batchInput } from './batch';
import { BEGINNINGS, chainInput, tilesetInput } from './chain';
import { operationDefaults, operationInput } from './operation';
import { pollNowTarget } from './poll-now';
import { text } from './terms';

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** An item as it is written, before it gets the batch's defaults. */
const batchItem = z.union([
  ofItem(z.strictObject(operationDefaults.shape), 'operation').partial({ kind: true }),
  ofItem(z.strictObject(chainInput.shape), 'chain'),
  ofItem(z.strictObject(tilesetInput.shape), 'tileset'),
]);

/** By the name of its file: what it is of, its schema, and fields of which exactly one is there. */
const SCHEMAS: Readonly<Record<string, { of: string; schema: z.ZodType; oneOf?: readonly string[] }>> = {
  'run-operation.input': {
    of: 'Input of workflow runOperation, and optional argument of its update accepted',
    schema: operationInput,
    oneOf: ['submit', 'attach'],
  },
  'run-operation.result': { of: 'Result of workflow runOperation', schema: operationResult },
  'run-operation.progress': { of: 'Answer of query progress of runOperation', schema: operationProgress },
  'accepted.result': { of: 'Answer of update accepted of runOperation', schema: acceptance },
  'poll-now.input': { of: 'Optional argument of signal pollNow', schema: pollNowTarget },
  'run-chain.input': { of: 'Input of workflow runChain', schema: chainInput },
  'run-chain.result': { of: 'Result of workflow runChain', schema: chainResult },
  'build-tileset.input': { of: 'Input of workflow buildTileset', schema: tilesetInput, oneOf: BEGINNINGS },
  'build-tileset.result': { of: 'Result of workflow buildTileset', schema: buildTilesetResult },
  'chain.progress': { of: 'Answer of query progress of runChain and buildTileset', schema: chainProgress },
  'run-batch.input': { of: 'Input of workflow runBatch', schema: batchInput, oneOf: ['items', 'manifest', 'retryOf'] },
  'batch-item': { of: 'One of the items of runBatch, and one line of its manifest', schema: batchItem },
  'run-batch.result': { of: 'Result of workflow runBatch', schema: batchResult },
  'run-batch.progress': { of: 'Answer of query progress of runBatch', schema: batchProgress },
  'item.result': { of: 'Answer of update item of runBatch, whose argument is the id of an item', schema: itemStanding },
  'report-line': { of: 'One line of the report of runBatch', schema: itemReport },
  failure: { of: 'details[0] of the ApplicationFailure that a workflow or update fails with', schema: failureDetails },
};

/**
 * Schemas by name. What is judged by code (sums of sizes, names of headers, references of chains) is not in them: the worker checks it, and
 * says what is wrong.
 */
export function jsonSchemas(): Record<string, JsonSchema> {
  return Object.fromEntries(Object.entries(SCHEMAS).map(([name, { of, schema, oneOf }]) => [name, jsonSchema(name, of, schema, oneOf)]));
}

function jsonSchema(title: string, description: string, schema: z.ZodType, oneOf: readonly string[] | undefined): JsonSchema {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', override: ({ jsonSchema: of }) => plain(of) });
  return { $schema, title, description, ...rest, ...(oneOf && { oneOf: oneOf.map((field) => ({ required: [field] })) }) };
}

/** Without what only JavaScript's numbers, and no program that reads the schema, needs; a format says as much as its pattern. */
function plain(schema: JsonSchema): void {
  if (schema.format === 'date-time') delete schema.pattern;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
}

function ofItem(input: z.ZodObject, kind: string) {
  return input.partial().extend({ id: text(256), kind: z.literal(kind) });
}
