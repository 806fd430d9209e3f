/** The dashboard's expressions are such that Prometheus takes them. Needs `promtool`, by PATH or `PROMTOOL`. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { temporaryFolder } from '../support/config';
import type { Dashboard } from './named';

const promtool = process.env['PROMTOOL'] ?? 'promtool';
const isThere = spawnSync(promtool, ['--version']).status === 0;
if (!isThere) console.warn('promtool is not there (PATH, PROMTOOL): expressions of the dashboard are not checked');

const { panels } = JSON.parse(readFileSync(join(__dirname, '../../deploy/grafana/durable-lro.json'), 'utf8')) as Dashboard;
const expressions = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

/** As Grafana sends it: its variables filled in. */
function filled(expr: string): string {
  return expr.replaceAll('$__rate_interval', '5m').replaceAll(/\$\w+/g, '.*');
}

function check(exprs: readonly string[]): { status: number | null; said: string } {
  const path = join(temporaryFolder(), 'rules.yaml');
  writeFileSync(
    path,
    stringify({ groups: [{ name: 'panels', rules: exprs.map((expr, index) => ({ record: `panel:${index}`, expr: filled(expr) })) }] }),
  );
  const { status, stdout, stderr } = spawnSync(promtool, ['check', 'rules', path], { encoding: 'utf8' });
  return { status, said: stdout + stderr };
}

(isThere ? test : test.skip)('Prometheus takes every expression of the dashboard, and none that is wrong', () => {
  expect(expressions.length).toBeGreaterThan(20);
  expect(check(expressions)).toMatchObject({ status: 0 });
  expect(check(['sum by (le (lro_answers_total)'])).not.toMatchObject({ status: 0 });
});
