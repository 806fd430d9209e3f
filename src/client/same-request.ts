/**
 * One id, one request, as seen from outside: who finds a workflow under its id joins it only when it is the same request.
 *
 * Keeps true: works whatever the workflow is at, running or closed, and whoever started it.
 */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { ApplicationFailure, type Priority } from '@temporalio/common';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow';
import { INPUT_DIGEST_MEMO } from '../contract';
import { idConflict } from '../identity/id-conflict';
import { digestToSend, inputDigest } from '../identity/input-digest';

/** What a caller wants to start. */
export interface WantedRun {
  workflowId: string;
  workflowType: string;
  input: object;
  /** `POST /tilesets · maps` */
  title: string;
  /** Markdown: what people read of its input. */
  details: string;
  priority?: Priority;
}

/** @returns the id of the run that is there @throws ApplicationFailure `IdConflict` where the id belongs to another request */
export async function requireSameRequest(client: Client, { workflowId, workflowType, input, title }: WantedRun): Promise<string> {
  const description = await client.workflow.getHandle(workflowId).describe();
  const wanted = { workflowType, title, digest: digestToSend(input) };
  const known = description.memo?.[INPUT_DIGEST_MEMO] as string | undefined;
  const firstRunId = description.raw.workflowExecutionInfo?.firstRunId ?? description.runId;
  // What is gone from history cannot be told from this request.
  const digest = known ?? (await startDigest(client, workflowId, firstRunId || description.runId)) ?? wanted.digest;
  const conflict = idConflict(workflowId, { workflowType: description.type, title: await description.staticSummary(), digest }, wanted);
  if (conflict === undefined) return description.runId;
  throw ApplicationFailure.create({ type: conflict.type, message: conflict.message, nonRetryable: true, details: [conflict] });
}

/** Of the input that a run was started with. */
async function startDigest({ workflow, options }: Client, workflowId: string, runId: string): Promise<string | undefined> {
  try {
    const { history } = await workflow.workflowService.getWorkflowExecutionHistory({
      namespace: options.namespace,
      execution: { workflowId, runId },
      maximumPageSize: 1,
    });
    const payloads = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads;
    const [input] = await decodeArrayFromPayloads(options.loadedDataConverter, payloads);
    return inputDigest(input);
  } catch (err) {
    if (isGone(err)) return undefined;
    throw err;
  }
}

/** gRPC: NOT_FOUND */
function isGone(err: unknown): boolean {
  return err instanceof WorkflowNotFoundError || (err instanceof Error && 'code' in err && err.code === 5);
}
