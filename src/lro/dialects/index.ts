/**
 * Presets: job APIs as their providers' documents describe them, each a data file of the shape that a connection's own `dialect` has.
 * `azure` is none of them: it is what the worker does without a dialect.
 */
import aip151 from './aip-151.json';
import databricksRuns from './databricks-runs.json';
import durableFunctions from './durable-functions.json';
import falQueue from './fal-queue.json';
import fhirExport from './fhir-export.json';
import ogcProcesses from './ogc-processes.json';
import openaiBatches from './openai-batches.json';
import openaiVideos from './openai-videos.json';
import openeo from './openeo.json';
import replicate from './replicate.json';
import snowflakeSql from './snowflake-sql.json';

/** By name, as written; `src/config` reads and checks them like a map of the worker's file. */
export const PRESETS: Readonly<Record<string, unknown>> = {
  'aip-151': aip151,
  'databricks-runs': databricksRuns,
  'durable-functions': durableFunctions,
  'fal-queue': falQueue,
  'fhir-export': fhirExport,
  'ogc-processes': ogcProcesses,
  'openai-batches': openaiBatches,
  'openai-videos': openaiVideos,
  openeo,
  replicate,
  'snowflake-sql': snowflakeSql,
};
