/** Talking to services: connections as the worker's file describes them. */
export { FileRefusedError } from './body-file';
export { Connection } from './connection';
export { openConnections, type Connections, type OpenOptions } from './connections';
export type { OpenTokenSource, TokenSource } from './entra';
export { MAX_HOLD_SECONDS, type Clock } from './pace';
export { DEFAULT_QUEUE_SECONDS, RequestRefusedError, type OutgoingRequest, type Purpose } from './request';
