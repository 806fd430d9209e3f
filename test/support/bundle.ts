/** The workflow bundle that `npm run build` wrote: made once, not for every worker of every test. */
import { join, resolve } from 'node:path';
import type * as Bundle from '../../src/hosting/bundle';

const DIST = resolve(__dirname, '../../dist');

/** @throws when it is missing, or older than the sources: `npm test` builds first */
export function workflowBundle(kind: Bundle.BundleKind = {}): { codePath: string } {
  const { workflowSource } = jest.requireActual<typeof Bundle>(join(DIST, 'hosting/bundle.js'));
  return workflowSource(kind).workflowBundle as { codePath: string };
}
