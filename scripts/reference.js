/**
 * `npm run reference`: writes docs/reference.md from the JSON Schemas and the API reports, as they are. `test/docs/reference-doc.test.ts`
 * compares it.
 */
const { readdirSync, readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

const ROOT = join(__dirname, '..');
const PAGE = join(ROOT, 'docs', 'reference.md');

/** API report → what a program imports it as. */
const ENTRIES = {
  'durable-lro-client': '`durable-lro-client` and `durable-lro`',
  'durable-lro-worker': '`durable-lro/worker`',
  'durable-lro-plugin': '`durable-lro/plugin`',
  'durable-lro-workflows': '`durable-lro/workflows`',
  'durable-lro-nexus': '`durable-lro/nexus`',
  'durable-lro-dev-emulator': '`durable-lro-dev/emulator`',
  'durable-lro-dev-devserver': '`durable-lro-dev/devserver`',
};
const KINDS = { function: 'functions', class: 'classes', const: 'values', interface: 'types', type: 'types' };

/** Names of the top level of a schema; of one that is a choice, of all that can be chosen. Bold: always required. */
function fieldsOf(schema) {
  const together = [schema, ...(schema.allOf ?? [])];
  const required = new Set(together.flatMap(({ required: names = [] }) => names));
  const all = [...together, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  const names = [...new Set(all.flatMap(({ properties = {} }) => Object.keys(properties)))];
  return names.map((name) => (required.has(name) ? `**\`${name}\`**` : `\`${name}\``)).join(', ');
}

function schemaLines() {
  return readdirSync(join(ROOT, 'schemas'))
    .sort()
    .map((file) => {
      const schema = JSON.parse(readFileSync(join(ROOT, 'schemas', file), 'utf8'));
      return `- [${file}](../schemas/${file}): ${fieldsOf(schema)}`;
    });
}

function exportsOf(report) {
  const text = readFileSync(join(ROOT, 'etc', `${report}.api.md`), 'utf8');
  const found = {};
  for (const [, keyword, name] of text.matchAll(/^export (?:declare )?(?:abstract )?(function|class|const|interface|type) (\w+)/gm))
    (found[KINDS[keyword]] ??= []).push(`\`${name}\``);
  return Object.values(KINDS)
    .filter((kind, at, all) => all.indexOf(kind) === at && found[kind] !== undefined)
    .map((kind) => `- ${kind}: ${[...new Set(found[kind])].sort().join(', ')}`);
}

/** @returns the text of the page */
function reference() {
  const entries = Object.entries(ENTRIES).flatMap(([report, title]) => [
    `### ${title}`,
    '',
    `[With all types](../etc/${report}.api.md).`,
    '',
    ...exportsOf(report),
    '',
  ]);
  return [
    '# Reference',
    '',
    'Written by `npm run reference` from the JSON Schemas and the API reports; not edited by hand. Commands: [cli.md](cli.md). What the fields mean:',
    '[one operation](operation.md), [batches](batches.md), [chains](chains.md), [configuration](configuration.md).',
    '',
    '## JSON Schemas',
    '',
    'Draft 2020-12, in the folder `schemas` of the packages. Bold: always required.',
    '',
    ...schemaLines(),
    '',
    '## What the packages export',
    '',
    ...entries,
  ]
    .join('\n')
    .trimEnd()
    .concat('\n');
}

module.exports = { reference };

if (require.main === module) writeFileSync(PAGE, reference());
