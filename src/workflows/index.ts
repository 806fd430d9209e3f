/** The workflows of a worker. Everything exported here is registered by its name. */
export { runOperation } from './run-operation';
export { connectionLimiter } from './connection-limiter';
export { buildTileset, runChain } from './run-chain';
export { runBatch } from './batch/run-batch';
export { runShard } from './batch/run-shard';
export { trackOperations } from './tracker/track-operations';
