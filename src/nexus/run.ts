/**
 * Handlers of the operations that end when their workflow has ended: `run`, `runBatch`, `runChain`, `buildTileset`.
 *
 * Keeps true: the same id is the same run. One that is under way is joined (all who wait get its end), one that has succeeded gives its recorded result,
 * only one that has failed is started anew; another request under its id is refused.
 */
import { WorkflowExecutionAlreadyStartedError, type Client } from '@temporalio/client';
import type { Workflow } from '@temporalio/common';
import { getClient, startWorkflow, WorkflowRunOperationHandler, type WorkflowHandle } from '@temporalio/nexus';
import { HandlerStartOperationResult, type CancelOperationContext, type OperationHandler, type StartOperationContext } from 'nexus-rpc';
import { ONLY_NEW } from '../client/calls';
import { requireSameRequest, type WantedRun } from '../client/same-request';
import { refusing } from './refusal';
import { wantedBy, type Kind } from './request';
import type { NexusRequest } from './service';
import { callsUntilMs } from './time';

/** A run that has succeeded before: there is nothing to wait for. */
class RecordedResult<Output> extends Error {
  constructor(readonly output: Output) {
    super('the run has succeeded before');
  }
}

/** Started by Nexus, ended by the end of its workflow. A cancel of the operation is a cancel of the workflow, for all who wait for it. */
export class RunHandler<Input extends object, Output> implements OperationHandler<NexusRequest<Input>, Output> {
  private readonly workflow: WorkflowRunOperationHandler<NexusRequest<Input>, Output>;

  constructor(kind: Kind<Input>) {
    this.workflow = new WorkflowRunOperationHandler((ctx, request) => startOrJoin<Output>(ctx, wantedBy(kind, request, ctx.requestId)));
  }

  /** @throws nexus.OperationError when the request is refused; HandlerError */
  async start(ctx: StartOperationContext, request: NexusRequest<Input>): Promise<HandlerStartOperationResult<Output>> {
    try {
      return await refusing(() => getClient().withDeadline(callsUntilMs(ctx.requestDeadline), () => this.workflow.start(ctx, request)));
    } catch (err) {
      if (err instanceof RecordedResult) return HandlerStartOperationResult.sync(err.output as Output);
      throw err;
    }
  }

  cancel(ctx: CancelOperationContext, token: string): Promise<void> {
    return this.workflow.cancel(ctx, token);
  }
}

type Starts<Output> = (...args: unknown[]) => Promise<Output>;

async function startOrJoin<Output>(ctx: StartOperationContext, wanted: WantedRun): Promise<WorkflowHandle<Output>> {
  const started = await start<Output>(ctx, wanted, 'FAIL');
  if (started !== undefined) return started;
  const client = getClient();
  await requireSameRequest(client, wanted);
  const joined = await start<Output>(ctx, wanted, 'USE_EXISTING');
  if (joined === undefined) throw new RecordedResult(await recorded<Output>(client, wanted));
  // What was there may have ended meanwhile, and another request may have got the id before this one did.
  await requireSameRequest(client, wanted);
  return joined;
}

/** Undefined where the id has a run already: one that is under way (`FAIL`), or one that has succeeded. */
async function start<Output>(
  ctx: StartOperationContext,
  { workflowId, workflowType, input, title }: WantedRun,
  workflowIdConflictPolicy: 'FAIL' | 'USE_EXISTING',
): Promise<WorkflowHandle<Output> | undefined> {
  try {
    return await startWorkflow<Starts<Output> & Workflow>(ctx, workflowType, {
      workflowId,
      args: [input],
      staticSummary: title,
      ...ONLY_NEW,
      workflowIdConflictPolicy,
    });
  } catch (err) {
    if (err instanceof WorkflowExecutionAlreadyStartedError) return undefined;
    throw err;
  }
}

async function recorded<Output>(client: Client, { workflowId }: WantedRun): Promise<Output> {
  return (await client.workflow.getHandle(workflowId).result()) as Output;
}
