/** Talking to services: connections as the worker's file describes them. */
export { Connection } from './connection';
export { openConnections, type Connections, type OpenOptions } from './connections';
export { ExchangeTimeout } from './exchange-timeout';
export type { HttpTracer, TracedRequest } from './http-tracer';
export { LogRedaction } from './log-redaction';
export type { OpenTokenSource } from '../transport/entra';
export { RequestRefusedError, type BodyTarget, type OutgoingRequest } from './request';
export type { CallbackTarget } from '../transport/callbacks';
