/**
 * The Nexus service `durable-lro`: what teams in other namespaces and other languages call.
 *
 * Keeps true: plain JSON, fields are only added; workflow code of callers can import it (nothing here needs Node).
 */
import { operation, service } from 'nexus-rpc';
import type { Acceptance, BatchInput, BatchResult, BuildTilesetInput, BuildTilesetResult, ChainInput, ChainResult } from '../contract';
import type { OperationInput, OperationResult } from '../contract';

/** What all operations of the service take. */
export interface NexusRequest<Input> {
  /**
   * The caller's name for it (`tileset/campus-7/2026-11-23`): asking twice with one id is asking once. It becomes the workflow id. Default:
   * the id of the Nexus request, which stays the same when Nexus repeats it.
   */
  id?: string;
  /** As the workflow of that name takes it. */
  input: Input;
}

/** Answer of `accept`. */
export interface AcceptAnswer extends Acceptance {
  workflowId: string;
  /**
   * Whether the service has accepted the operation. False: it had neither accepted nor refused it within five seconds; the operation goes on, and
   * asking again with `workflowId` as id joins it.
   */
  accepted: boolean;
}

/** Name of the service. */
export const NEXUS_SERVICE = 'durable-lro';

/**
 * `accept` answers within about five seconds; all others end when the work has ended, with its result. A refusal and a failed end are failed
 * operations: the cause is an application failure whose type and `details[0]` are the contract's.
 */
export const lroService = service(NEXUS_SERVICE, {
  /** Starts or joins an operation, and waits a little for its acceptance. */
  accept: operation<NexusRequest<OperationInput>, AcceptAnswer>(),
  /** Starts or joins an operation, and waits for its end. */
  run: operation<NexusRequest<OperationInput>, OperationResult>(),
  runBatch: operation<NexusRequest<BatchInput>, BatchResult>(),
  runChain: operation<NexusRequest<ChainInput>, ChainResult>(),
  buildTileset: operation<NexusRequest<BuildTilesetInput>, BuildTilesetResult>(),
});
