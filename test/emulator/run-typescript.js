/** Lets a child process load the project's TypeScript, compiled in memory as jest does it. */
const { readFileSync } = require('node:fs');
const { transformSync } = require('@swc/core');

require.extensions['.ts'] = (module, filename) => {
  const options = { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' }, filename };
  module._compile(transformSync(readFileSync(filename, 'utf8'), options).code, filename);
};
