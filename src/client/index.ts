/** `durable-lro`: the client and the types that other programs share. */
export { LroClient, type LroClientOptions, type OperationHandle, type StartOptions, type WaitOptions } from './lro-client';
export { OperationCancelledError, OperationError, StillRunningError } from './errors';
export * from '../contract';
