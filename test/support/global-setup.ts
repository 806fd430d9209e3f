/** Starts one dev server for all test files, and has the time-skipping server fetched once before tests ask for it together. */
import { provisionTestServer, startDevServer, type DevServer } from '../../src/devserver';
import { SEARCH_ATTRIBUTE_TYPES } from '../../src/setup';

declare global {
  var sharedDevServer: DevServer | undefined;
}

/** Of Temporal's servers that tests start: a tenth less CPU time, for memory, of which each takes half a GB at most. */
const GO_MEMORY = { GOGC: '400', GOMEMLIMIT: '500MiB' };

export default async function globalSetup(): Promise<void> {
  Object.assign(process.env, GO_MEMORY);
  const [server, testServer] = await Promise.all([
    startDevServer({
      searchAttributes: SEARCH_ATTRIBUTE_TYPES,
      // Temporal rounds timers up to about a second by default; that second, of every poll, is most of what tests would wait for.
      dynamicConfig: { 'history.timerProcessorMaxTimeShift': '50ms' },
    }),
    provisionTestServer(),
  ]);
  globalThis.sharedDevServer = server;
  process.env['LRO_TEST_TEMPORAL_ADDRESS'] = server.address;
  process.env['LRO_TEST_TEMPORAL_HTTP_PORT'] = String(server.httpPort);
  process.env['LRO_TEST_SERVER_PATH'] = testServer.path;
}
