/** Workflows of a program that embeds the worker: they know operations by name. */
import { executeChild, proxyActivities } from '@temporalio/workflow';
import { RUN_OPERATION, type OperationInput, type OperationResult } from '../../src/contract';
import type { HostActivities } from './host-activities';

const { noted } = proxyActivities<HostActivities>({ startToCloseTimeout: '10 seconds' });

/** What {@link refreshMap} is asked for. */
export interface Refresh {
  /** Of the operation: the same one is the same operation. */
  id: string;
  input: OperationInput;
  /** Of the operation, where it is not the host's. */
  taskQueue?: string;
}

/** Runs an operation, and has an activity of the host note what it has made. */
export async function refreshMap({ id, input, taskQueue }: Refresh): Promise<string> {
  const result = await executeChild<(input: OperationInput) => Promise<OperationResult>>(RUN_OPERATION, {
    workflowId: id,
    args: [input],
    ...(taskQueue === undefined ? {} : { taskQueue }),
    workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
    staticSummary: 'refresh the map',
  });
  return noted(result.resourceId ?? '');
}

/** Takes the types that nobody has registered. */
export default async function unknownType(): Promise<string> {
  return Promise.resolve('unknown');
}
