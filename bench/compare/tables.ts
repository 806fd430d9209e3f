/** The tables of a comparison. */
import Table from 'cli-table3';
import { TRANSPORTS, type Transport } from '../load';
import type { Measured } from '../machine-load';
import { LATENESS_POLLS, LATENESS_RETRY_AFTER_SECONDS, OPEN_RETRY_AFTER_SECONDS, RATE_POLLS, type Rate } from './measure';
import { medians, rateKey, type Found, type Rounds } from './results';

function fixed(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits }) : '-';
}

function print(head: string[], rows: string[][], below: string): void {
  const table = new Table({ head, style: { head: [], border: [], compact: true } });
  table.push(...rows);
  console.log(table.toString());
  console.log(`${below}\n`);
}

/** Cells of the medians of all rounds, with what others used; `*`: disturbed. */
function cells<T extends object>(
  rounds: Rounds<T>,
  quietCores: number,
  columns: number,
  of: (figure: T, rounds: Measured<T>[]) => string[],
): string[] {
  if (rounds instanceof Error) return ['FAILED', ...Array<string>(columns).fill('')];
  const { figure, others } = medians(rounds);
  return [...of(figure, rounds), `${fixed(others, 2)}${others > quietCores ? ' *' : ''}`];
}

const OTHERS = 'others, cores';

/** @param ceiling key of the tool that the others are measured by */
export function printRates(found: readonly Found[], ceiling: string, rounds: number, quietCores: number): void {
  const ceilings = found.find(({ tool }) => tool.key === ceiling)?.rates;
  const ofCeiling = (key: string, transport: Transport, { operationsPerSecond }: Rate): string => {
    // The ceiling of the same size, or that of the only one that it was measured with.
    const candidates = [...(ceilings ?? [])].filter(([candidate]) => candidate.startsWith(`${transport} `));
    const rates = ceilings?.get(key) ?? candidates[0]?.[1];
    if (rates === undefined || rates instanceof Error) return '-';
    return `${fixed((100 * operationsPerSecond) / medians(rates).figure.operationsPerSecond, 1)} %`;
  };
  const rows = found.flatMap(({ tool, rates, failure }) => {
    if (failure !== undefined) return [[tool.title, failure]];
    return TRANSPORTS.flatMap((transport) =>
      [...rates]
        .filter(([key]) => key.startsWith(`${transport} `))
        .map(([key, all]) => {
          const cellsOf = (rate: Rate): string[] => [
            fixed(rate.operationsPerSecond, 0),
            ofCeiling(key, transport, rate),
            fixed(rate.pollsPerSecond, 0),
            fixed(rate.cpuMsPerOperation, 2),
            fixed(rate.eventsPerOperation, 1),
            fixed(rate.bytesPerOperation, 0),
            fixed(rate.actionsPerMillionPolls, 0),
          ];
          const operations = Number(key.slice(rateKey(transport, 0).length - 1));
          return [tool.title, transport, fixed(operations, 0), ...cells(all, quietCores, 7, cellsOf)];
        }),
    );
  });
  print(
    [
      'tool',
      'transport',
      'operations',
      'operations/s',
      'of ceiling',
      'polls/s',
      'CPU ms / operation',
      'events / operation',
      'database bytes / operation',
      'actions / million polls',
      OTHERS,
    ],
    rows,
    `Operations of ${RATE_POLLS} polls with Retry-After 0, medians of ${rounds}. CPU: the tool's worker and servers. ` +
      'Others: the most that other processes used of this machine in any round; * is disturbed.',
  );
}

/** @param openOf operations that are open while a tool is measured */
export function printLateness(found: readonly Found[], openOf: (found: Found) => number, quietCores: number): void {
  const rows = found.flatMap((one) => {
    const { tool, lateness } = one;
    if (lateness === undefined) return [];
    const early = (all: Measured<{ early: number; polls: number }>[]): string =>
      `${all.reduce((sum, { figure }) => sum + figure.early, 0)} of ${all.reduce((sum, { figure }) => sum + figure.polls, 0)}`;
    return [
      [
        tool.title,
        fixed(openOf(one), 0),
        ...cells(lateness, quietCores, 6, (figure, all) => [
          fixed(figure.p50Ms, 0),
          fixed(figure.p99Ms, 0),
          fixed(figure.maxMs, 0),
          early(all),
          fixed(figure.cpuMsPerPoll, 2),
          fixed(figure.actionsPerMillionPolls, 0),
        ]),
      ],
    ];
  });
  if (rows.length === 0) return;
  print(
    ['tool', 'open', 'late ms p50', 'p99', 'at most', 'early polls', 'CPU ms / poll', 'actions / million polls', OTHERS],
    rows,
    `Operations of ${LATENESS_POLLS} polls with Retry-After ${LATENESS_RETRY_AFTER_SECONDS}, by the service's clock. Early: of all rounds.`,
  );
}

/** @param openOf operations that are open while a tool is measured */
export function printMemory(found: readonly Found[], openOf: (found: Found) => number, quietCores: number): void {
  const rows = found.flatMap((one) => {
    const { tool, memory } = one;
    if (memory === undefined) return [];
    return [
      [
        tool.title,
        fixed(openOf(one), 0),
        ...cells(memory, quietCores, 2, (figure) => [fixed(figure.workerMegabytes, 0), fixed(figure.serverMegabytes, 0)]),
      ],
    ];
  });
  if (rows.length === 0) return;
  print(['tool', 'open', 'worker MB', 'servers MB', OTHERS], rows, `Operations with Retry-After ${OPEN_RETRY_AFTER_SECONDS}, one round.`);
}
