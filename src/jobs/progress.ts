/** Where a job stands, as everybody is shown it. */
import type { OperationPhase, OperationProgress } from '../contract';
import type { Job } from './model';

/** Whether nobody knows of an operation at the service. */
export function isUnaccepted({ step }: Job): boolean {
  return step.at === 'submit' || step.at === 'find';
}

/** Where a job is. @param isBusy whether it is being asked now */
export function phaseOf({ step }: Job, isBusy: boolean): OperationPhase {
  switch (step.at) {
    case 'submit':
    case 'find':
      return 'submitting';
    case 'poll':
      return isBusy ? 'asking' : 'waiting';
    case 'fetch':
      return 'fetching';
    case 'cleanup':
      return step.end.kind === 'canceled' ? 'canceled' : 'failed';
  }
}

/** Where the operation of a job's current step stands. */
export function progressOf(job: Job, phase: OperationPhase): OperationProgress {
  const step = job.step.at === 'cleanup' ? job.step.before : job.step;
  if (step.at === 'submit' || step.at === 'find') {
    const nextTryAt = phase === 'submitting' && step.problem !== undefined ? isoTime(step.dueAtMs) : undefined;
    return { phase, polls: 0, attempt: step.tries + 1, nextTryAt, lastProblem: step.problem };
  }
  const { monitor, status, polls, lastPollAtMs, problem } = step;
  const finished = step.at === 'fetch' ? step : undefined;
  return {
    phase,
    status: status ?? finished?.outcome.status,
    operationId: monitor?.operationId ?? finished?.outcome.operationId,
    statusUrl: monitor?.shownUrl ?? monitor?.statusUrl,
    polls,
    lastPollAt: isoTime(lastPollAtMs),
    nextPollAt: phase === 'waiting' ? isoTime(step.dueAtMs) : undefined,
    lastProblem: problem,
    resourceLocation: finished?.shownLocation ?? finished?.outcome.resourceLocation,
  };
}

function isoTime(atMs: number | undefined): string | undefined {
  return atMs === undefined ? undefined : new Date(atMs).toISOString();
}
