/**
 * The alerts: each has one runbook, and each runbook one alert. promtool makes each of them fire, for each of its causes, and stop.
 *
 * `LRO_LONG=1`: every cause is taken out of every alert, and its tests must fail.
 */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { temporaryFolder } from '../support/config';
import { findPromtool } from '../support/promtool';
import { CONDITIONS, SHOWN } from './conditions';
import { PARTS, readRules, readRuleTests, readSections, RULE_TESTS, RULES, RUNBOOKS, type Alert } from './document';

const sections = readSections();
const alerts = readRules().groups.flatMap(({ rules }) => rules);
const ruleTests = readRuleTests();
const expectations = ruleTests.tests.flatMap(({ promql_expr_test: expressions }) => expressions);

test('every alert names its runbook, and every runbook its alert: one each', () => {
  const byAlerts = alerts.map(({ alert, annotations }) => `${alert} ${annotations.runbook_url}`);
  const byRunbooks = sections.map(({ alerts: named, anchor }) => `${named.join(' and ')} ${RUNBOOKS}#${anchor}`);
  expect(byAlerts.length).toBeGreaterThan(8);
  expect([...byAlerts].sort()).toEqual([...byRunbooks].sort());
  expect(new Set(alerts.map(({ annotations }) => annotations.runbook_url)).size).toBe(alerts.length);
});

test.each(sections)('the runbook "$title" says what is seen, why, what to do and when it is over, with commands', ({ parts }) => {
  for (const part of PARTS) expect(parts[part].text.trim()).not.toBe('');
  expect(parts['What you see'].commands).not.toEqual([]);
  expect(parts['It is over when'].commands).not.toEqual([]);
});

test.each(sections)(
  'the runbook "$title" is followed in a test, which asks whether what its alert is about is over',
  ({ title, alerts: [alert = ''] }) => {
    const tests = readdirSync(__dirname).map((name) => readFileSync(join(__dirname, name), 'utf8'));
    const following = tests
      .flatMap((source) => source.split(/^(?=\S*(?:test|long)\w*\b|async function )/m))
      .filter((one) => one.includes(`.runbook('${title}'`));
    expect(following).toHaveLength(1);
    expect(following[0]).toMatch(new RegExp(`condition\\(\\w+, '${alert}', '\\w+', true`));
    expect(following[0]).toMatch(new RegExp(`condition\\(\\w+, '${alert}', '\\w+', false`));
    expect(following[0]).toContain('.finished()');
    expect(CONDITIONS).toHaveProperty(alert);
  },
);

test('what tests look for in metrics is what the alerts ask for', () => {
  for (const [name, series = []] of Object.entries(SHOWN)) {
    const { expr = '' } = alerts.find(({ alert }) => alert === name) ?? {};
    for (const { metric, labels } of series) {
      expect(expr).toContain(`${metric}_total`);
      for (const [label, value] of Object.entries(labels)) expect(expr).toMatch(new RegExp(`${label}=~?"([^"]*[|])?${value}[|"]`));
    }
  }
});

test.each(alerts)('the test of rules has $alert fire, and has it over', ({ alert }) => {
  const own = expectations.filter(({ expr }) => expr.includes(`"${alert}"`));
  const said = JSON.stringify(own.flatMap(({ exp_samples: samples }) => samples));
  expect(said).toContain(alert);
  expect(own.some(({ exp_samples: samples }) => samples.length === 0)).toBe(true);
});

const promtool = findPromtool();
const checked = 'path' in promtool ? test : test.skip;
const unless = 'path' in promtool ? '' : ` (skipped: ${promtool.missing})`;

/** @returns what it said, where it found a mistake */
async function run(...args: string[]): Promise<string | undefined> {
  if (!('path' in promtool)) throw new Error(promtool.missing);
  try {
    await promisify(execFile)(promtool.path, args, { cwd: dirname(RULES) });
    return undefined;
  } catch (error) {
    return `${String(error)}\n${(error as { stdout?: string }).stdout ?? ''}`;
  }
}

checked(`promtool finds no mistake in the rules${unless}`, async () => {
  expect(await run('check', 'rules', RULES)).toBeUndefined();
});

checked(`every alert fires and is over when promtool plays what leads to it${unless}`, async () => {
  expect(await run('test', 'rules', RULE_TESTS)).toBeUndefined();
});

/** What promtool says of the tests of this alert, with another expression. */
async function withExpression(changed: Alert, expr: string): Promise<string | undefined> {
  const folder = temporaryFolder();
  const groups = [{ name: 'changed', rules: alerts.map((alert) => (alert === changed ? { ...alert, expr } : alert)) }];
  writeFileSync(join(folder, 'rules.yaml'), stringify({ groups }));
  const own = ruleTests.tests.filter(({ promql_expr_test: expressions }) =>
    expressions.some((one) => one.expr.includes(`"${changed.alert}"`)),
  );
  writeFileSync(join(folder, 'test.yaml'), stringify({ ...ruleTests, rule_files: ['rules.yaml'], tests: own }));
  return run('test', 'rules', join(folder, 'test.yaml'));
}

/** The causes of an alert: `… or …` at the left edge of its expression. */
const causesOf = ({ expr }: Alert): string[] => expr.split(/^or\n/m).map((cause) => cause.trim());

const changes = alerts.flatMap((alert) => [
  { name: `${alert.alert} that never ends`, alert, expr: `${alert.expr.trim()}\nor vector(1)` },
  ...causesOf(alert).map((cause, index, all) => ({
    name: `${alert.alert} without its cause ${index + 1}`,
    alert,
    expr: all.length === 1 ? 'vector(1) > 1' : all.filter((one) => one !== cause).join('\nor\n'),
  })),
]);

const isLong = process.env['LRO_LONG'] === '1';
const played = isLong ? changes : changes.filter(({ alert }) => alert.alert === 'LroFilesDiffer');

(checked === test ? test.each : test.skip.each)(played)('the test of rules finds $name', async ({ alert, expr }) => {
  expect(await withExpression(alert, alert.expr)).toBeUndefined();
  expect(await withExpression(alert, expr)).toContain('FAILED');
});
