/**
 * What a caller of the service asks for, checked before anything is started.
 *
 * Keeps true: callers of other namespaces name no workflow that is the worker's own, and nothing without bounds reaches the handlers.
 */
import type { BatchInput, BuildTilesetInput, ChainInput, OperationInput } from '../contract';
import { wantedBatch } from '../client/batches';
import { wantedChain, wantedTileset } from '../client/chains';
import { wantedOperation } from '../client/lro-client';
import type { WantedRun } from '../client/same-request';
import { isPlain } from '../lro/text';
import { checkBatch } from '../schema/batch';
import { checkChain } from '../schema/chain';
import { check, type Checked } from '../schema/check';
import { checkInput } from '../schema/operation';
import { anyJson, strict, text } from '../schema/terms';
import { isLimiterId } from '../sharing/windows';
import { refuseMistakes } from './refusal';
import type { NexusRequest } from './service';

/** A workflow that the service starts: which inputs it takes, and the run that one asks for. */
export interface Kind<Input extends object> {
  check(input: Input): Checked<unknown>;
  wanted(input: Input, workflowId: string): WantedRun;
}

export const OPERATION: Kind<OperationInput> = { check: checkInput, wanted: wantedOperation };
export const BATCH: Kind<BatchInput> = { check: checkBatch, wanted: wantedBatch };
export const CHAIN: Kind<ChainInput> = { check: (input) => checkChain('chain', input), wanted: wantedChain };
export const TILESET: Kind<BuildTilesetInput> = { check: (input) => checkChain('tileset', input), wanted: wantedTileset };

/** Of a workflow id, which Temporal bounds too. */
const MAX_ID_CHARS = 512;

const envelope = strict({
  id: text(MAX_ID_CHARS)
    .refine(isPlain, 'must be plain text of one line')
    .refine((id) => !isLimiterId(id), "is an id of the worker's own workflows")
    .optional(),
  input: anyJson.optional(),
});

/** @param requestId of Nexus @throws OperationError `InvalidInput` with every mistake */
export function wantedBy<Input extends object>(kind: Kind<Input>, request: NexusRequest<Input>, requestId: string): WantedRun {
  const checked = check(envelope, request, 'request');
  if (!checked.ok) refuseMistakes(checked.mistakes);
  const inside = kind.check(request.input);
  if (!inside.ok) refuseMistakes(inside.mistakes);
  return kind.wanted(request.input, request.id ?? requestId);
}
