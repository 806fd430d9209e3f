/**
 * Handler of `accept`: starts or joins an operation as the typed client does, and waits a little for the service's answer.
 *
 * Keeps true: it answers in time, and says that an operation is there only when it is.
 */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { getClient, operationInfo } from '@temporalio/nexus';
import { HandlerError, type StartOperationContext } from 'nexus-rpc';
import { LroClient, StillRunningError } from '../client';
import { requireSameRequest, type WantedRun } from '../client/same-request';
import type { Acceptance, OperationInput } from '../contract';
import { linkedClient, linkTo } from './links';
import { refusing } from './refusal';
import { OPERATION, wantedBy } from './request';
import type { AcceptAnswer, NexusRequest } from './service';
import { callsUntilMs } from './time';

/** Longest wait for the service, in seconds. */
const ACCEPT_SECONDS = 5;
/** Kept for seeing whether the operation is there. */
const LOOK_SECONDS = 2;
/** However late the request came. */
const LEAST_SECONDS = 0.5;

/** @throws nexus.OperationError when it was refused or cancelled, or the id belongs to another request; HandlerError */
export function accept(ctx: StartOperationContext, request: NexusRequest<OperationInput>): Promise<AcceptAnswer> {
  return refusing(async () => {
    const wanted = wantedBy(OPERATION, request, ctx.requestId);
    const untilMs = callsUntilMs(ctx.requestDeadline);
    const client = linkedClient(getClient(), ctx);
    const acceptance = await acceptedIn(secondsToWait(untilMs), client, wanted);
    const runId = await client.withDeadline(Math.max(untilMs, Date.now() + LEAST_SECONDS * 1000), () => runOf(client, wanted, acceptance));
    const { workflowId } = wanted;
    if (runId !== undefined) linkTo(ctx, { namespace: operationInfo().namespace, workflowId, runId });
    return { workflowId, accepted: acceptance !== undefined, ...acceptance };
  });
}

function secondsToWait(untilMs: number): number {
  return Math.max(LEAST_SECONDS, Math.min(ACCEPT_SECONDS, (untilMs - Date.now()) / 1000 - LOOK_SECONDS));
}

/** Undefined where the service has not answered yet. */
async function acceptedIn(timeoutSeconds: number, client: Client, { workflowId, input }: WantedRun): Promise<Acceptance | undefined> {
  const lro = new LroClient({ client, taskQueue: operationInfo().taskQueue });
  try {
    return (await lro.startAndWaitAccepted(input as OperationInput, { id: workflowId, timeoutSeconds })).acceptance;
  } catch (err) {
    if (err instanceof StillRunningError) return undefined;
    throw err;
  }
}

/** The run's id. Of an operation that has not been accepted it is also seen whether it is there. */
async function runOf(client: Client, wanted: WantedRun, acceptance: Acceptance | undefined): Promise<string | undefined> {
  try {
    return await requireSameRequest(client, wanted);
  } catch (err) {
    if (acceptance !== undefined) return undefined;
    if (!(err instanceof WorkflowNotFoundError)) throw err;
    throw new HandlerError('UNAVAILABLE', `operation "${wanted.workflowId}" could not be started in time`);
  }
}
