/** Asks the limiter of a connection for windows, and starts it where there is none. */
import { WithStartWorkflowOperation, type Client } from '@temporalio/client';
import type { Workflow } from '@temporalio/common';
import { isWindow, LIMITER, limiterId, WINDOW_UPDATE, type Window, type WindowRequest } from '../sharing/windows';

/** Longest wait for an answer: after the kill of the worker that had the limiter's state, another one gets it after two seconds. */
const TIMEOUT_MS = 4000;

export interface LimitersOptions {
  client: Client;
  taskQueue: string;
  /** Continue limiters as new after so many events, though Temporal does not suggest it yet. */
  continueAsNewAfterEvents?: number;
}

export class Limiters {
  constructor(private readonly options: LimitersOptions) {}

  /** @throws Error when the limiter does not answer in four seconds, or not as a limiter does */
  async ask(connection: string, request: WindowRequest): Promise<Window> {
    const { client, taskQueue, continueAsNewAfterEvents } = this.options;
    const answer = await client.withDeadline(Date.now() + TIMEOUT_MS, () =>
      client.workflow.executeUpdateWithStart<Workflow, unknown, [WindowRequest]>(WINDOW_UPDATE, {
        args: [request],
        startWorkflowOperation: new WithStartWorkflowOperation(LIMITER, {
          workflowId: limiterId(taskQueue, connection),
          taskQueue,
          args: [{ continueAsNewAfterEvents }],
          workflowIdConflictPolicy: 'USE_EXISTING',
          // Whoever sends waits for it.
          priority: { priorityKey: 1 },
          staticSummary: `rates of ${connection}`,
        }),
      }),
    );
    if (!isWindow(answer)) throw new Error(`"${limiterId(taskQueue, connection)}" answers as no limiter does`);
    return answer;
  }
}
