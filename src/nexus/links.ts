/**
 * Links of an `accept`: caller and operation show each other in the UI, as the SDK does it for operations that a workflow backs.
 *
 * Keeps true: a link that cannot be made is left out, and stops nothing.
 */
import { WorkflowClient, type Client, type WorkflowClientInterceptor } from '@temporalio/client';
import { InternalWorkflowStartOptionsSymbol } from '@temporalio/client/lib/internal';
import { log } from '@temporalio/nexus';
import { convertNexusLinkToTemporalLink, convertWorkflowEventLinkToNexusLink } from '@temporalio/nexus/lib/link-converter';
import type { StartOperationContext } from 'nexus-rpc';
import { reasonOf } from '../text/reason';

/** `EVENT_TYPE_WORKFLOW_EXECUTION_STARTED` of Temporal's API. */
const STARTED = 1;

/** The client, whose update-with-start carries the caller's links into what it starts. The SDK has no option for that in public. */
export function linkedClient(client: Client, ctx: StartOperationContext): Client {
  const links = ctx.inboundLinks.flatMap((link) => converted(() => convertNexusLinkToTemporalLink(link)));
  const linking: WorkflowClientInterceptor = {
    startUpdateWithStart: (input, next) =>
      next({ ...input, workflowStartOptions: { ...input.workflowStartOptions, [InternalWorkflowStartOptionsSymbol]: { links } } as never }),
  };
  const before = client.options.interceptors.workflow;
  const workflow = new WorkflowClient({
    ...client.workflow.options,
    connection: client.connection,
    interceptors: [...(Array.isArray(before) ? before : []), linking],
  });
  // Not a client of its own: that would take the plugins of the connection a second time.
  return Object.create(client, { workflow: { value: workflow } }) as Client;
}

/** Shows the caller the start of what it has started or joined. */
export function linkTo(ctx: StartOperationContext, workflow: { namespace: string; workflowId: string; runId: string }): void {
  const eventRef: object = { eventType: STARTED };
  ctx.outboundLinks.push(...converted(() => convertWorkflowEventLinkToNexusLink({ ...workflow, eventRef })));
}

function converted<T>(convert: () => T): T[] {
  try {
    return [convert()];
  } catch (err) {
    log.debug('a link is left out', { reason: reasonOf(err) });
    return [];
  }
}
