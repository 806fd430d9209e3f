/**
 * Jest's environment for Node, in which a module is compiled once in a process and not for every test file: each file has its own realm and
 * evaluates the modules anew as ever, but of what is compiled V8 needs only one copy. Jest itself compiles with `importModuleDynamically`, for
 * which V8 keeps nothing.
 */
const vm = require('node:vm');
const { TestEnvironment } = require('jest-environment-node');

const { compileFunction } = vm;
/** By file name. */
const compiled = new Map();

vm.compileFunction = (source, parameters, options) => {
  const { filename, parsingContext, importModuleDynamically } = options;
  let module = compiled.get(filename);
  if (module?.source !== source) {
    const head = `(function (${parameters.join(', ')}) {`;
    const made = { source };
    try {
      made.script = new vm.Script(`${head}${source}\n})`, {
        filename,
        columnOffset: -head.length,
        importModuleDynamically: (...asked) => made.importModuleDynamically(...asked),
      });
    } catch {
      // Jest makes of the mistake what it always makes of it.
      return compileFunction(source, parameters, options);
    }
    module = made;
    compiled.set(filename, made);
  }
  // Of the test file that runs now: a process runs one at a time.
  module.importModuleDynamically = importModuleDynamically;
  return module.script.runInContext(parsingContext);
};

module.exports = TestEnvironment;
