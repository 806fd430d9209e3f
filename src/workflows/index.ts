/** The workflows of a worker. Everything exported here is registered by its name. */
export { runOperation } from './run-operation';
export { runBatch } from './batch/run-batch';
export { runShard } from './batch/shard';
