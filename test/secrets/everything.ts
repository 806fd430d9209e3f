/** Everything that Temporal keeps or says of a workflow and of its children, payloads decoded. */
import type { Client } from '@temporalio/client';

const QUERIES = ['__temporal_workflow_metadata', '__stack_trace'];

/** All texts in the histories (of all runs), memos, search attributes and answers to queries, one a line. */
export async function everythingOf(client: Client, workflowId: string, queries: readonly string[] = ['progress']): Promise<string> {
  const texts: string[] = [];
  const walk = (value: unknown): void => {
    if (typeof value === 'string') texts.push(value);
    else if (value instanceof Uint8Array) texts.push(Buffer.from(value).toString('utf8'));
    else if (typeof value === 'object' && value !== null) Object.entries(value).flat().forEach(walk);
  };
  const handle = client.workflow.getHandle(workflowId);
  const description = await handle.describe();
  walk([description.raw, description.memo]);
  // One after the other: the server lets only some of many queries of a closed workflow through.
  for (const query of [...queries, ...QUERIES]) walk(await handle.query(query));
  const children = new Set<string>();
  for (let runId: string | undefined = description.runId; runId !== undefined;) {
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    walk(history);
    let earlier: string | undefined;
    for (const event of history.events ?? []) {
      children.add(event.childWorkflowExecutionStartedEventAttributes?.workflowExecution?.workflowId ?? '');
      earlier ??= event.workflowExecutionStartedEventAttributes?.continuedExecutionRunId || undefined;
    }
    runId = earlier;
  }
  for (const child of children) if (child !== '') texts.push(await everythingOf(client, child, []));
  return texts.join('\n');
}
