/** What becomes of the steps of a chain, alone or in a batch: results, failures, and what is deleted after one. */
import type { DeleteRequest } from '../../activities/messages';
import type { ChainResult, CleanedResource, FailureDetails, OperationResult, StepMade, StepResult } from '../../contract';
import { withoutUndefined } from '../result';

/** What later steps and runs need of a step. @param withBody whether a step refers to its body */
export function madeBy(result: StepResult | OperationResult, withBody: boolean): StepMade {
  const { resourceId, resourceLocation, operationId, body } = result;
  return withoutUndefined({ resourceId, resourceLocation, operationId, body: withBody ? body : undefined });
}

/** The result of a chain whose last step is done. */
export function chainResult(
  steps: StepResult[],
  made: Record<string, StepMade>,
  startedAtMs: number,
  labels: Record<string, string> | undefined,
): ChainResult {
  const { operationId, statusUrl, resourceId, resourceLocation } = steps.at(-1) ?? {};
  return withoutUndefined({
    status: 'Succeeded',
    operationId,
    statusUrl,
    resourceId,
    resourceLocation,
    made,
    steps,
    startedAt: new Date(startedAtMs).toISOString(),
    completedAt: new Date().toISOString(),
    polls: steps.reduce((sum, { polls }) => sum + polls, 0),
    labels,
  });
}

/** A step's own failure as the chain's. @param made what there is, given or made */
export function stepFailed(step: string, title: string, failure: FailureDetails, made: Record<string, StepMade>): FailureDetails {
  const { message, httpStatus, operationId, statusUrl, ...more } = failure;
  return withoutUndefined({
    type: 'StepFailed',
    message: `step "${step}" (${title}) failed: ${message}`,
    httpStatus,
    operationId,
    statusUrl,
    step,
    cause: withoutUndefined({ ...more, message, httpStatus, operationId, statusUrl }),
    made,
  });
}

/** What is to be deleted of steps that this run has made, the last one first. @param connectionOf a step */
export function toDelete(steps: readonly StepResult[], connectionOf: (step: string) => string): DeleteRequest[] {
  return steps
    .flatMap(({ id, resourceLocation }) =>
      resourceLocation === undefined ? [] : [{ step: id, connection: connectionOf(id), resourceLocation }],
    )
    .reverse();
}

/** A failure after the cleaning up: it says what could not be deleted, and what there was before is all there is. */
export function afterCleanup(failure: FailureDetails, cleanup: CleanedResource[], given: Record<string, StepMade>): FailureDetails {
  if (cleanup.length === 0) return failure;
  const left = cleanup.filter(({ deleted }) => !deleted);
  const said = left.map(({ resourceLocation, reason }) => `${resourceLocation} (${reason ?? 'no reason given'})`);
  const message =
    left.length === 0
      ? `${failure.message}; what it had made was deleted`
      : `${failure.message}; of what it had made, these could not be deleted: ${said.join(', ')}`;
  return { ...failure, message, made: given, cleanup };
}
