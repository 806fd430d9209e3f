/** Small statistics of the benchmarks, and how their figures are printed. */
import Table from 'cli-table3';

/** The value below which `share` (0 to 1) of the sorted values lie. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Prints one row for each figure: its name, the measured value, and its bound (empty if there is none). */
export function figures(rows: [figure: string, measured: string, bound: string][]): void {
  const table = new Table({ head: ['figure', 'measured', 'bound'], style: { head: [], border: [], compact: true } });
  table.push(...rows);
  console.log(table.toString());
}
