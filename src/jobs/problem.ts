/** What goes wrong with a job and does not end it: how long, how often, and what lists of workflows call it. Pure. */
import type { Problem, TroubleKind } from '../contract';
import type { Trouble } from '../lro/monitor';
import type { Job } from './model';

/** Trouble that is shorter, and of one answer only, passes: lists do not show it. */
const LASTING_MS = 10_000;
const LASTING_ANSWERS = 2;

/** @param before what went wrong last, unless that is over */
export function problemAfter(before: (Trouble & Problem) | undefined, trouble: Trouble, nowMs: number): Trouble & Problem {
  const at = new Date(nowMs).toISOString();
  const goesOn = before !== undefined && before.kind === trouble.kind;
  // What was not sent at all has no words of the service: those of the last answer still tell why.
  const said = trouble.said ?? (goesOn && trouble.kind !== undefined ? before.said : undefined);
  return { ...trouble, said, at, since: goesOn ? (before.since ?? before.at) : at, times: (goesOn ? (before.times ?? 1) : 0) + 1 };
}

/** The trouble that a job is in, where it has lasted or will: the next try is not before. */
export function troubleOf({ step }: Job): TroubleKind | undefined {
  const { problem, dueAtMs } = step;
  if (problem?.kind === undefined) return undefined;
  const sinceMs = Date.parse(problem.since ?? problem.at);
  return (problem.times ?? 1) >= LASTING_ANSWERS || dueAtMs - sinceMs >= LASTING_MS ? problem.kind : undefined;
}
