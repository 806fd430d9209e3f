/** docs/runbooks.md and the alerts, as tests read them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const ROOT = join(__dirname, '../..');
export const RUNBOOKS = 'docs/runbooks.md';
export const RULES = join(ROOT, 'deploy/prometheus/alerts.yaml');
export const RULE_TESTS = join(ROOT, 'deploy/prometheus/alerts.test.yaml');

/** The parts of each runbook, in their order. */
export const PARTS = ['What you see', 'Why', 'What to do', 'It is over when'] as const;
export type Part = (typeof PARTS)[number];

export interface Section {
  title: string;
  /** As links name it. */
  anchor: string;
  /** Alerts that its first paragraph names. */
  alerts: string[];
  parts: Record<Part, { text: string; commands: string[] }>;
}

export interface Alert {
  alert: string;
  expr: string;
  annotations: { runbook_url: string; summary: string; description: string };
}

export interface Rules {
  groups: { rules: Alert[] }[];
}

export interface RuleTests {
  rule_files: string[];
  tests: { name: string; promql_expr_test: { expr: string; exp_samples: unknown[] }[] }[];
}

export function readRules(): Rules {
  return parse(readFileSync(RULES, 'utf8')) as Rules;
}

export function readRuleTests(): RuleTests {
  return parse(readFileSync(RULE_TESTS, 'utf8')) as RuleTests;
}

/** Every runbook of the document. */
export function readSections(): Section[] {
  const [, ...sections] = readFileSync(join(ROOT, RUNBOOKS), 'utf8').split(/^## /m);
  return sections.map((section) => {
    const [title = '', ...lines] = section.split('\n');
    const text = lines.join('\n');
    const [head = ''] = text.split('**');
    return {
      title,
      anchor: title.toLowerCase().replaceAll(' ', '-'),
      alerts: [...head.matchAll(/`(Lro\w+)`/g)].map(([, name = '']) => name),
      parts: Object.fromEntries(PARTS.map((part) => [part, partOf(text, part)])) as Section['parts'],
    };
  });
}

function partOf(section: string, part: Part): { text: string; commands: string[] } {
  const [, after = ''] = section.split(new RegExp(`^\\*\\*${part}\\b`, 'm'));
  const [text = ''] = after.split(new RegExp(`^\\*\\*(?:${PARTS.join('|')})\\b`, 'm'));
  return { text, commands: [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, commands = '']) => commands) };
}
