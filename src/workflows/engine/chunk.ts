/** The inputs of a chunk of jobs, as they are passed to an activity: all of one page. */
import type { InlinePage, Page, SubmitItem } from '../../activities/messages';
import { keyOf } from '../../jobs/begin';
import { madeOf } from '../../jobs/ends';
import type { Job, Place } from '../../jobs/model';

export interface Chunk {
  page: Page;
  /** Keys of the jobs, by their index in `page`. */
  keys: ReadonlyMap<number, string>;
  indexOf: (job: Job) => number;
}

/** Of inputs that stand in the page itself only those of the chunk travel: there each has another index. */
export function chunkOf(jobs: readonly Job[], pages: ReadonlyMap<number, Page>): Chunk | undefined {
  const page = pages.get(jobs[0]?.page ?? -1);
  if (page === undefined) return undefined;
  const isExcerpt = 'items' in page;
  const indexOf = (job: Job): number => (isExcerpt ? jobs.indexOf(job) : job.index);
  return { page: isExcerpt ? excerpt(page, jobs) : page, keys: new Map(jobs.map((job) => [indexOf(job), keyOf(job)])), indexOf };
}

/** @param nowMs its first try, where there was none */
export function submitItem(job: Job, index: number, nowMs: number): SubmitItem {
  const { step, done } = job;
  const { tries, cookies, firstSentAtMs = nowMs, unauthorizedSinceMs } = step.at === 'submit' || step.at === 'find' ? step : {};
  const wasLookedFor = step.at === 'submit' ? step.wasLookedFor : undefined;
  return { index, key: keyOf(job), tries, cookies, firstSentAtMs, unauthorizedSinceMs, wasLookedFor, made: done && madeOf(done) };
}

/** The inputs of a chunk alone: the others do not travel with it. */
function excerpt(page: InlinePage, chunk: readonly Place[]): InlinePage {
  const repeated = new Set(page.duplicates);
  const duplicates = chunk.flatMap(({ index }, position) => (repeated.has(index) ? [position] : []));
  return {
    items: chunk.flatMap(({ index }) => page.items[index] ?? []),
    count: chunk.length,
    numbers: chunk.map(({ index }) => (page.first ?? 0) + index),
    duplicates: duplicates.length > 0 ? duplicates : undefined,
  };
}
