/** All tools of the comparison, as they stand in the tables. */
import { coreLro } from './core-lro';
import { bare } from './bare';
import { dbos } from './dbos';
import { ownBatch } from './own-batch';
import { ownOperation } from './own-operation';
import { plainTemporal } from './plain-temporal';
import { restate } from './restate';
import type { Tool } from './tool';

export const TOOLS: readonly Tool[] = [
  bare,
  coreLro('core-lro-http', "@azure/core-lro on Node's http, not durable", 'http'),
  coreLro('core-lro', '@azure/core-lro in its pipeline, not durable', 'pipeline'),
  ownBatch('batch', 'durable-lro, batch, at-least-once', 'retry'),
  ownBatch('batch-once', 'durable-lro, batch, at-most-once', 'fail'),
  restate('restate-set', 'Restate, an invocation per set', 'set'),
  restate('restate', 'Restate, an invocation per operation', 'operation'),
  dbos('dbos-set', 'DBOS on PostgreSQL, a workflow per set', 'set'),
  dbos('dbos', 'DBOS on PostgreSQL, a workflow per operation', 'operation'),
  ownOperation('operation', 'durable-lro, an operation alone'),
  ownOperation('shared', 'durable-lro, operations alone, polled by trackers', { follow: 'shared' }),
  plainTemporal('temporal-loop', 'plain Temporal, a loop per operation', 'pollInLoop'),
  plainTemporal('temporal-retries', 'plain Temporal, a retried activity per operation', 'pollByRetries'),
];
