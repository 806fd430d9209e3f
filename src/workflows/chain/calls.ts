/** Calling the activities of chains (see `../calls.ts`). */
import { proxyActivities } from '@temporalio/workflow';
import type {
  ChainActivities,
  DeleteRequest,
  PrepareChainRequest,
  PreparedChain,
  PrepareStepRequest,
  ReadyStep,
} from '../../activities/messages';
import type { CleanedResource } from '../../contract';
import { reading } from '../calls';

/** For opening the files of a chain. */
const LOOK_SECONDS = 60;
/** For each resource that is to be deleted. */
const DELETE_SECONDS = 120;

function call(timeoutSeconds: number, summary: string): ChainActivities {
  return proxyActivities<ChainActivities>(reading(timeoutSeconds, summary));
}

/** @throws ActivityFailure whose cause is the typed failure */
export function prepareChain(request: PrepareChainRequest): Promise<PreparedChain> {
  return call(LOOK_SECONDS, 'check the chain').prepareChain(request);
}

/** @throws ActivityFailure whose cause is the typed failure */
export function prepareStep(request: PrepareStepRequest): Promise<ReadyStep> {
  return call(LOOK_SECONDS, `${request.prepared.id}: fill in what earlier steps have made`).prepareStep(request);
}

/** Never throws: what could not be deleted is said. Not to be cut by a cancellation. */
export async function deleteResources(requests: DeleteRequest[]): Promise<CleanedResource[]> {
  try {
    return await call(DELETE_SECONDS * requests.length, `delete ${requests.map(({ step }) => step).join(', ')}`).deleteResources(requests);
  } catch (err) {
    const cause = err instanceof Error && err.cause instanceof Error ? err.cause : err;
    const reason = cause instanceof Error ? cause.message : String(cause);
    return requests.map(({ step, resourceLocation }) => ({ step, resourceLocation, deleted: false, reason }));
  }
}
