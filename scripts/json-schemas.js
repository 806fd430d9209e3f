/**
 * `npm run schemas`: writes the JSON Schemas of inputs, results, failures, updates and queries into the folder schemas, from the compiled
 * program: `npm run build` first.
 */
const { mkdirSync, rmSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { jsonSchemas } = require('../dist/schema/json-schemas');

const FOLDER = join(__dirname, '..', 'schemas');

rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER);
for (const [name, schema] of Object.entries(jsonSchemas())) {
  writeFileSync(join(FOLDER, `${name}.json`), `${JSON.stringify(schema, null, 2)}\n`);
}
