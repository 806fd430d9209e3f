/**
 * Status answers that this worker got and Temporal may not have recorded, for example because it could not be reached for longer than the
 * heartbeat timeout. The activity's next attempt finds them here and does not poll the service before its `Retry-After` is over.
 *
 * Keeps true: bounded memory; only answers with a wait are kept, and they are used only until that wait is over.
 */
import { Context } from '@temporalio/activity';
import type { Running, StatusDecision } from '../lro/monitor';

interface RecentAnswer {
  decision: Running;
  atMs: number;
}

const MAX_ANSWERS = 5000;

export class RecentAnswers {
  private readonly answers = new Map<string, RecentAnswer>();

  /** @param now milliseconds of a monotonic clock */
  constructor(private readonly now: () => number = () => performance.now()) {}

  remember(id: string, decision: StatusDecision): void {
    if (decision.kind !== 'running' || decision.waitSeconds === 0) return;
    const oldest = this.answers.size >= MAX_ANSWERS ? this.answers.keys().next().value : undefined;
    if (oldest !== undefined) this.answers.delete(oldest);
    this.answers.set(keyOf(id), { decision, atMs: this.now() });
  }

  /** The answer to an earlier attempt of the same activity on this worker, with the rest of its wait. */
  recall(id: string): Running | undefined {
    if (Context.current().info.attempt === 1) return undefined;
    const answer = this.answers.get(keyOf(id));
    if (answer === undefined) return undefined;
    const waitSeconds = answer.decision.waitSeconds - (this.now() - answer.atMs) / 1000;
    return waitSeconds > 0 ? { ...answer.decision, waitSeconds: Math.ceil(waitSeconds * 1000) / 1000 } : undefined;
  }
}

/** All attempts of an activity have the same id. */
function keyOf(id: string): string {
  const { workflowExecution, activityId } = Context.current().info;
  return JSON.stringify([workflowExecution?.runId, activityId, id]);
}
