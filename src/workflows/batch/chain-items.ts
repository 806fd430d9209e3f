/**
 * Items of a batch that are chains: what a shard does when one of their steps has ended.
 *
 * Keeps true: an item that is between two steps waits like one that is to be submitted again, and what it carries is small.
 */
import type { DeleteRequest } from '../../activities/messages';
import type { ItemAbout } from '../../activities/batch/messages';
import type { ChainResult, FailureDetails, Json, OperationResult, StepMade, StepResult } from '../../contract';
import { chainResult, madeBy, stepFailed, toDelete } from '../chain/ends';
import type { SubmittedItem, WaitingItem } from './submits';

/** A step that has succeeded. Plain JSON. */
export interface DoneStep {
  result: StepResult;
  connection: string;
  withBody?: boolean;
}

/** Of each warning that an item carries to its end. */
const MAX_WARNING_CHARS = 1024;
/** About what a step adds to the state of a shard. */
const STEP_BYTES = 500;

/** Of a chain, room in the state of a shard for all its steps. */
export function bytesOfSteps({ about, done = [] }: Pick<SubmittedItem, 'about' | 'done'>): number {
  return about.step === undefined ? 0 : (done.length + 1 + about.step.left) * STEP_BYTES;
}

/** The steps of an item with the one that has just succeeded. */
export function withStep({ about, done = [] }: SubmittedItem, result: OperationResult): DoneStep[] {
  const { step } = about;
  if (step === undefined) return done;
  const { body, warning, statusUrl, resource, ...rest } = result;
  const isLast = step.left === 0;
  const kept: StepResult = {
    ...rest,
    // The item has them.
    ...{ labels: undefined },
    id: step.id,
    ...(warning === undefined ? {} : { warning: isLast ? warning : shortened(warning) }),
    ...(body !== undefined && (isLast || step.withBody === true) && { body }),
    ...(isLast && statusUrl !== undefined && { statusUrl }),
    ...(isLast && resource !== undefined && { resource }),
  };
  return [...done, { result: kept, connection: step.connection, ...(step.withBody === true && { withBody: true }) }];
}

/** The item as it waits for its next step. */
export function nextStepOf(
  { page, index, about, firstSentAtMs, startedAtMs = firstSentAtMs, deadlineAtMs }: SubmittedItem,
  done: DoneStep[],
): WaitingItem {
  const { next, ...same } = about.step ?? { id: '', connection: '', left: 0 };
  const title = next?.title ?? about.title;
  return {
    page,
    index,
    title,
    // The key was of the step that is done.
    about: {
      ...about,
      title,
      idempotencyKey: undefined,
      firstSentAtMs: undefined,
      step: { ...same, id: next?.id ?? '', left: same.left - 1 },
    },
    startedAtMs,
    ...(deadlineAtMs === undefined ? {} : { deadlineAtMs }),
    dueAtMs: Date.now(),
    done,
  };
}

/** What an item's steps have made so far, as later ones refer to it. */
export function madeOf(done: readonly DoneStep[]): Record<string, StepMade> {
  return Object.fromEntries(done.map(({ result, withBody }) => [result.id, madeBy(result, withBody === true)]));
}

/** The result of an item whose last step is done. */
export function itemResult({ about, firstSentAtMs, startedAtMs = firstSentAtMs }: SubmittedItem, done: readonly DoneStep[]): ChainResult {
  const steps = done.map(({ result }) => result);
  return chainResult(steps, { ...about.step?.given, ...madeOf(done) }, startedAtMs, about.labels);
}

/** The failure of an item one of whose steps has failed. */
export function itemFailure(about: ItemAbout, done: readonly DoneStep[] = [], failure: FailureDetails): FailureDetails {
  const { step, title } = about;
  return step === undefined ? failure : stepFailed(step.id, title, failure, { ...step.given, ...madeOf(done) });
}

/** What is to be deleted of an item that did not come to its end. */
export function leftBy(about: ItemAbout, done: readonly DoneStep[] = []): DeleteRequest[] {
  if (about.step?.cleanup !== true) return [];
  const connectionOf = (id: string): string => done.find(({ result }) => result.id === id)?.connection ?? '';
  return toDelete(
    done.map(({ result }) => result),
    connectionOf,
  );
}

/** An item whose batch has ended between two of its steps. */
export function stoppedBefore({ title }: ItemAbout): FailureDetails {
  return { type: 'OperationCanceled', message: `the batch ended before ${title} was submitted` };
}

function shortened(warning: Json): Json {
  const text = JSON.stringify(warning);
  return text.length <= MAX_WARNING_CHARS ? warning : `${text.slice(0, MAX_WARNING_CHARS)}…`;
}
