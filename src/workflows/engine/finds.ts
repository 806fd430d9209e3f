/** Looking for what uncertain submits may have made. */
import type { SetSource, Events } from './calls';
import { call, eventsOf, longestTimeout, manifestProblem, reading } from './calls';
import { chunkOf, submitItem } from './chunk';
import { forOthers, lookupsOf } from './elsewhere';
import type { Job, JobEvent } from '../../jobs/model';

/** A look may read several pages. */
const PAGES_FACTOR = 3;

/** Looks for jobs of one page. Throws only when it is cancelled. */
export async function findJobs(jobs: readonly Job[], { source, pages, options }: SetSource, nowMs: number): Promise<Events> {
  const chunk = chunkOf(jobs, pages);
  if (chunk === undefined) return new Map();
  const items = jobs.flatMap((job) => {
    const { step } = job;
    return step.at === 'find' ? [{ ...submitItem(job, chunk.indexOf(job), nowMs), sinceMs: step.sinceMs, looks: step.looks }] : [];
  });
  const lookups = lookupsOf(jobs, nowMs, chunk.indexOf);
  const summary = jobs.length === 1 ? `look for ${jobs[0]?.about?.title ?? 'it'}` : `look for ${jobs.length}`;
  const activity = reading(PAGES_FACTOR * longestTimeout(jobs), summary);
  const request = { source, page: chunk.page, items, maxKeptBytes: options.maxKeptBytes, lookups };
  return eventsOf([...chunk.keys.values()], async () => {
    try {
      const results = await call(forOthers(activity, lookups))['lro.find'](request);
      return results.flatMap(({ index, elsewhere, about, decision }): [string, JobEvent][] => {
        const key = chunk.keys.get(index);
        if (key === undefined) return [];
        return [[key, elsewhere === undefined ? { kind: 'lookedAt', about, decision } : { kind: 'elsewhere', on: elsewhere }]];
      });
    } catch (err) {
      const broken = manifestProblem(err);
      if (broken === undefined) throw err;
      const decision = { kind: 'notFound', isProof: false, message: broken.message } as const;
      return [...chunk.keys.values()].map((key): [string, JobEvent] => [key, { kind: 'lookedAt', decision }]);
    }
  });
}
