/** Tests run as CommonJS through swc, against compiled programs where a test needs a process: `npm test` builds first. */
module.exports = {
  testEnvironment: '<rootDir>/test/support/compile-once.js',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  // What takes minutes, or repeats at length what others show once: `npm run test:long`.
  testPathIgnorePatterns: process.env.LRO_LONG === '1' ? [] : ['\\.long\\.test\\.ts$'],
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } }] },
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  testSequencer: '<rootDir>/test/support/slowest-first.js',
  testTimeout: 240_000,
  // Most files wait more than they compute: four of them keep two cores busy, and more only make each other wait.
  maxWorkers: 4,
  // What files leave behind in the heap makes every later collection of garbage longer.
  workerIdleMemoryLimit: '700MB',
};
