/** The alerts ask for metrics of ours that workers have, by labels and values that these have. */
import * as catalog from '../../src/metrics/catalog';
import { readRules } from './document';

const descriptions = [
  catalog.REQUEST_METRICS,
  catalog.CONNECTION_METRICS,
  catalog.OPEN_METRICS,
  catalog.WORKFLOW_METRICS,
  catalog.PROCESS_METRICS,
].flatMap((metrics) => Object.values<catalog.MetricDescription>({ ...metrics }));

const asked = readRules().groups.flatMap(({ rules }) =>
  rules.flatMap(({ alert, expr }) =>
    [...expr.matchAll(/\b(lro_\w+)(?:\{([^}]*)\})?/g)].map(([, metric = '', labels = '']) => ({ alert, metric, labels })),
  ),
);

test.each(asked)('$alert: $metric{$labels}', ({ metric, labels }) => {
  const names = ({ kind, name }: catalog.MetricDescription): string[] =>
    kind === 'counter' ? [`${name}_total`] : kind === 'histogram' ? [`${name}_sum`, `${name}_count`, `${name}_bucket`] : [name];
  const description = descriptions.find((one) => names(one).includes(metric));
  expect(description?.name).toBeDefined();
  for (const [, label = '', written = ''] of labels.matchAll(/(\w+)=~?"([^"]*)"/g)) {
    const values = description?.labels[label];
    expect(values).toBeDefined();
    if (Array.isArray(values)) for (const value of written.split('|')) expect(values).toContain(value);
  }
});
