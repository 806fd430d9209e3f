/** The table that a run ends with. */
import Table from 'cli-table3';
import type { Search } from './canaries';
import type { Growth } from './footprint-samples';
import type { Verdict } from './judge';

export interface Outcome {
  seed: number;
  minutes: number;
  counts: ReadonlyMap<string, number>;
  verdict: Verdict;
  /** Started, and not ended in the time that was left for it. */
  lost: readonly string[];
  problems: readonly string[];
  open: { median: number; most: number };
  search: Search;
  /** Of a worker that was never ended. */
  growth: Growth | undefined;
  /** Why its growth is too much. */
  growthProblems: readonly string[];
  /** How long the last operations took to end once all was calm, in seconds. */
  calmSeconds: number;
}

/** Longest list of wrongs that is printed. */
const MAX_LINES = 40;

/** What makes a run fail, one line each. */
export function failuresOf({ verdict, lost, problems, search, growthProblems, counts }: Outcome): string[] {
  return [
    ...lost.map((id) => `lost: ${id} has not ended`),
    ...problems,
    ...verdict.wrongs,
    ...search.found.map((where) => `a credential was found in ${where}`),
    ...growthProblems,
    // What is written in capitals must not happen at all.
    ...[...counts.keys()].filter((what) => what === what.toUpperCase()).map((what) => `${what}: ${String(counts.get(what))} times`),
    ...(verdict.polls.firm === 0 ? ['no poll could be judged: the run was too short, or nothing was calm for long enough'] : []),
  ];
}

export function summaryOf(outcome: Outcome): string {
  const { seed, minutes, counts, verdict, lost, open, search, growth, calmSeconds } = outcome;
  const table = (head: [string, string], rows: (readonly [string, string | number])[]): string => {
    const made = new Table({ head, style: { head: [], border: [] }, colAligns: ['left', 'right'] });
    made.push(...rows.map(([what, count]) => [what, String(count)]));
    return made.toString();
  };
  const { polls, submits, ends, found } = verdict;
  const ended = [...ends.values()].reduce((sum, count) => sum + count, 0);
  const results: [string, string | number][] = [
    ['operations ended', ended],
    ...[...ends].sort().map(([end, count]) => [`  ${end}`, count] as [string, number]),
    ['operations open at the service: median, most', `${open.median}, ${open.most}`],
    ['operations lost', lost.length],
    ['operations that ended twice, or wrong', verdict.wrongs.length],
    ['submits that may have been taken', submits.sent],
    ['  sent again, with the same key', submits.again],
    ['submits that the service refused for the moment', submits.refused],
    ['uncertain submits that were looked for', found],
    ['polls', polls.total],
    ['  judged against the Retry-After before them', polls.judged],
    ['  of which nothing could have excused', polls.firm],
    ['  early where the answer before may never have arrived', polls.excused],
    ['  closest to its due time of all that were not early, in ms', Number.isFinite(polls.closestMs) ? polls.closestMs.toFixed(1) : 'none'],
    ['credentials found, in bytes searched', `${search.found.length} in ${search.searchedBytes}`],
    ...(growth === undefined
      ? []
      : ([
          [
            'memory of a worker, first and last third, in MiB',
            `${growth.rssMebibytes.first.toFixed(0)}, ${growth.rssMebibytes.last.toFixed(0)}`,
          ],
          ['open handles of it, first and last third', `${growth.handles.first}, ${growth.handles.last}`],
        ] as [string, string][])),
    ['seconds until the last had ended once all was calm', calmSeconds.toFixed(0)],
  ];
  const failures = failuresOf(outcome);
  const lines = failures.slice(0, MAX_LINES).map((line) => `  ${line}`);
  if (failures.length > MAX_LINES) lines.push(`  … and ${failures.length - MAX_LINES} more`);
  return [
    `chaos of ${minutes} min, --seed ${seed}`,
    table(['what was done', 'times'], [...counts].sort()),
    table(['what came of it', 'count'], results),
    failures.length === 0 ? 'nothing lost, nothing twice, nothing early, nothing told' : `FAILED:\n${lines.join('\n')}`,
  ].join('\n');
}
