/** What a job is to do: an operation alone, followed from elsewhere or as an item of a batch; a chain alone or as an item. */
import { attachedJob, newJob } from '../../src/jobs/begin';
import type { About, Job, MaybeAccepted, StepRef } from '../../src/jobs/model';
import type { StepMade } from '../../src/contract';
import { monitor } from './answers';
import type { Dice } from './dice';

export interface Shape {
  kind: 'operation' | 'attached' | 'item' | 'chain' | 'chainItem';
  /** One without a name where it is no chain. */
  steps: ShapeStep[];
  given?: Record<string, StepMade>;
  cleanup: boolean;
  deadlineSeconds: number;
  minSeconds: number;
  labels?: Record<string, string>;
  /** An earlier batch does not know whether its first submit was accepted. */
  retried?: MaybeAccepted & { firstSentAtMs: number };
  startedAtMs: number;
}

interface ShapeStep extends StepRef {
  onUncertainSubmit: 'retry' | 'fail';
  canCancel: boolean;
  canBeFound: boolean;
  streamsFile: boolean;
}

const DAY_MS = 86_400_000;

export function isChain({ kind }: Shape): boolean {
  return kind === 'chain' || kind === 'chainItem';
}

export function isItem({ kind }: Shape): boolean {
  return kind === 'item' || kind === 'chainItem';
}

export function randomShape(dice: Dice, nowMs: number): Shape {
  const kind = dice.weighted(
    [2, 'operation'] as const,
    [1, 'attached'] as const,
    [2, 'item'] as const,
    [3, 'chain'] as const,
    [3, 'chainItem'] as const,
  );
  const chained = kind === 'chain' || kind === 'chainItem';
  const steps = Array.from({ length: chained ? 1 + dice.below(5) : 1 }, (_, index): ShapeStep => ({
    id: chained ? `step-${index}` : '',
    title: `POST /things/${index} · maps`,
    connection: dice.of(['maps', 'other']),
    withBody: dice.chance(0.3) ? true : undefined,
    onUncertainSubmit: dice.of(['retry', 'fail']),
    canCancel: dice.chance(0.5),
    canBeFound: dice.chance(0.4),
    streamsFile: dice.chance(0.2),
  }));
  const retriedAtMs = nowMs - dice.below(10 * DAY_MS);
  return {
    kind,
    steps,
    given: chained && dice.chance(0.3) ? { before: { resourceId: 'g', resourceLocation: 'https://maps.example/given/g' } } : undefined,
    cleanup: chained && dice.chance(0.6),
    deadlineSeconds: dice.of([0, 60, 3600, 86_400, 86_400]),
    minSeconds: dice.of([0, 0.5, 1, 5]),
    labels: dice.chance(0.5) ? { campus: '7' } : undefined,
    retried: kind === 'item' && dice.chance(0.3) ? { idempotencyKey: 'key-of-old', firstSentAtMs: retriedAtMs } : undefined,
    startedAtMs: nowMs,
  };
}

/** What a submit of a step tells about the job. */
export function aboutOf(shape: Shape, index: number): About {
  const { steps, deadlineSeconds, minSeconds, labels, given, cleanup, kind } = shape;
  const { title, connection, onUncertainSubmit, canCancel, canBeFound, streamsFile } = steps[index]!;
  const [step, ...left] = steps.slice(index).map(refOf);
  const chained = isChain(shape);
  return {
    id: isItem(shape) ? 'item-7' : '',
    kind: chained ? 'chain' : undefined,
    title,
    connection,
    deadlineSeconds,
    onUncertainSubmit,
    minSeconds,
    timeoutSeconds: 30,
    streamsFile: streamsFile ? true : undefined,
    cancel: canCancel ? { path: '{statusPath}:cancel' } : undefined,
    canBeFound: canBeFound ? true : undefined,
    labels,
    generation: shape.retried === undefined ? undefined : 1,
    step: chained ? step : undefined,
    left: chained ? left : undefined,
    given,
    cleanup: cleanup ? true : undefined,
    short: kind === 'chainItem' ? true : undefined,
  };
}

function refOf({ id, title, connection, withBody }: ShapeStep): StepRef {
  return { id, title, connection, withBody };
}

/** As the workflows begin it: those of their own know their first step, items know nothing. */
export function firstJob(shape: Shape): Job {
  const { startedAtMs, deadlineSeconds } = shape;
  const place = { page: 3, index: 14 };
  if (isItem(shape)) return newJob(place, { startedAtMs });
  const deadlineAtMs = deadlineSeconds > 0 ? startedAtMs + deadlineSeconds * 1000 : undefined;
  const more = { about: aboutOf(shape, 0), startedAtMs, deadlineAtMs };
  return shape.kind === 'attached' ? attachedJob(place, monitor(0), startedAtMs, more) : newJob(place, more);
}
