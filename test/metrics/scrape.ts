/** What a Prometheus would read of a worker: the text format, parsed as far as tests need it. */

export interface Sample {
  /** As it stands in the text: of a histogram with `_bucket`, `_sum` or `_count`. */
  name: string;
  labels: Record<string, string>;
  value: number;
}

export interface Scrape {
  /** Kind by name of metric: of a histogram without `_bucket`. */
  kinds: Map<string, string>;
  samples: Sample[];
}

export async function scrape(port: number): Promise<Scrape> {
  return parsed(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text());
}

function parsed(text: string): Scrape {
  const kinds = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', kind = '']) => [name, kind]));
  const samples = [...text.matchAll(/^([a-z_:][\w:]*)(?:\{(.*)\})? (\S+)$/gim)].map(([, name = '', labels = '', value = '']) => ({
    name,
    labels: Object.fromEntries([...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label = '', text_ = '']) => [label, text_])),
    value: Number(value),
  }));
  return { kinds, samples };
}

/** The sum of all samples of that name that have these labels; undefined where there is none. */
export function sum({ samples }: Scrape, name: string, labels: Record<string, string> = {}): number | undefined {
  const found = samples.filter(
    (sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  );
  return found.length === 0 ? undefined : found.reduce((total, { value }) => total + value, 0);
}
