/**
 * Slow test files first, so that all workers of jest end at about the same time, also where nothing was run before. Files without a
 * recorded duration come before all others. `LRO_RECORD_DURATIONS=1 npm test` records them anew.
 */
const { readFileSync, writeFileSync } = require('node:fs');
const { join, relative, sep } = require('node:path');
const { default: Sequencer } = require('@jest/test-sequencer');

const DURATIONS = join(__dirname, 'durations.json');
const nameOf = (path) => relative(join(__dirname, '..'), path).split(sep).join('/');

module.exports = class SlowestFirst extends Sequencer {
  sort(tests) {
    const seconds = JSON.parse(readFileSync(DURATIONS, 'utf8'));
    const of = ({ path }) => seconds[nameOf(path)] ?? Infinity;
    return [...tests].sort((one, other) => (of(one) === of(other) ? 0 : of(other) - of(one)));
  }

  cacheResults(tests, results) {
    super.cacheResults(tests, results);
    if (process.env.LRO_RECORD_DURATIONS !== '1') return;
    const recorded = results.testResults.map(({ testFilePath, perfStats }) => [nameOf(testFilePath), Math.round(perfStats.runtime / 1000)]);
    recorded.sort(([one, oneSeconds], [other, otherSeconds]) => otherSeconds - oneSeconds || one.localeCompare(other));
    writeFileSync(DURATIONS, `${JSON.stringify(Object.fromEntries(recorded), undefined, 2)}\n`);
  }
};
