/** Metrics as docs and dashboard name them. */
import type { Scrape } from './scrape';

export interface Dashboard {
  panels: { title: string; gridPos: { x: number; y: number; w: number; h: number }; targets: { expr: string }[] }[];
}

/** Rows of the tables that are checked: the first cell is a metric, the second its kind, the third of four its labels. */
export function tables(text: string): { metric: string; kind: string; labels?: string[] }[] {
  const checked = [...text.matchAll(/<!-- checked against[^>]*-->(.*?)<!-- end of what is checked -->/gs)]
    .map(([, part = '']) => part)
    .join('\n');
  return [...checked.matchAll(/^\| `(\w+)`(.*)\|$/gm)].map(([, metric = '', rest = '']) => {
    const cells = rest.split('|').map((cell) => cell.trim());
    const [, kind = '', labels = ''] = cells;
    return cells.length > 3 ? { metric, kind, labels: wordsIn(labels).sort() } : { metric, kind };
  });
}

/** Names of metrics in an expression of PromQL. */
export function metricsIn(expr: string): string[] {
  return [...expr.matchAll(/\b(?:lro|temporal)_\w+/g)].map(([name]) => name);
}

/** What an expression names that a worker does not tell: metrics, labels of their selectors, and labels by which is summed. */
export function strangersIn(expr: string, { samples }: Scrape): string[] {
  const labelsOf = (name: string): Set<string> =>
    new Set(samples.filter((sample) => sample.name === name).flatMap(({ labels }) => Object.keys(labels)));
  const strangers: string[] = [];
  const known = new Set<string>();
  for (const [, name = '', selector = ''] of expr.matchAll(/\b((?:lro|temporal)_\w+)(?:\{([^}]*)\})?/g)) {
    const labels = labelsOf(name);
    for (const label of labels) known.add(label);
    if (labels.size === 0) strangers.push(name);
    else for (const [, label = ''] of selector.matchAll(/(\w+)\s*[=!]/g)) if (!labels.has(label)) strangers.push(`${name}{${label}}`);
  }
  for (const [, by = ''] of expr.matchAll(/\bby \(([^)]*)\)/g))
    for (const label of by.split(',').map((part) => part.trim())) if (!known.has(label)) strangers.push(`by (${label})`);
  return strangers;
}

function wordsIn(cell: string): string[] {
  return [...cell.matchAll(/`(\w+)`/g)].map(([, word = '']) => word);
}
