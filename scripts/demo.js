/** `npm run demo`: builds when something has changed, then is the demo. One process, so that npm's signals reach it. */
require('./build-if-stale');

if (process.exitCode === undefined || process.exitCode === 0) require('../dist/cli/demo.js');
