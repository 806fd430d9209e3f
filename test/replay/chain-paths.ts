/** One `buildTileset` for every path through a chain, against a scripted service: what its histories were recorded from. */
import type { WorkflowHandle } from '@temporalio/client';
import type { BuildTilesetInput } from '../../src/contract';
import type { Script } from '../../src/emulator';

type Route = Script['routes'][number];
type Answer = Route['answers'][number];

export interface ChainPath {
  /** Over those that succeed. */
  routes?: Route[];
  input?: Partial<BuildTilesetInput>;
  /** What somebody does meanwhile. `asked` waits for the answered requests to a route. */
  meanwhile?: (handle: WorkflowHandle, asked: (route: string, count?: number) => Promise<unknown>) => Promise<unknown>;
  continueAsNewAfterEvents?: number;
}

const running = (retryAfter: number): Answer => ({ headers: { 'retry-after': String(retryAfter) }, body: { status: 'Running' } });

/** Routes of one step: accepted, then as its answers say. */
function step(collection: string, status: Answer[] = [running(1), succeeded(collection)]): Route[] {
  const accepted = { httpStatus: 202, headers: { 'operation-location': `{base}${collection}/operation`, 'retry-after': '0' } };
  return [
    { method: 'POST', path: collection, answers: [accepted] },
    { path: `${collection}/operation`, answers: status },
    { method: 'DELETE', path: `${collection}/made`, answers: [{ httpStatus: 204 }] },
    { method: 'POST', path: `${collection}/operation:cancel`, answers: [{ httpStatus: 202 }] },
  ];
}

function succeeded(collection: string): Answer {
  return {
    headers: { 'resource-location': `{base}${collection}/made` },
    body: { operationId: `op-${collection.slice(1)}`, status: 'Succeeded' },
  };
}

/** All of a chain that succeeds. Earlier routes win. */
export const ROUTES = ['/conversions', '/datasets', '/tilesets', '/routesets'].flatMap((collection) => step(collection));

export const CHAIN_PATHS: Record<string, ChainPath> = {
  'tileset-success': { input: { routeset: true, labels: { campus: '7' } } },
  'tileset-step-failed': {
    routes: step('/datasets', [running(0), { body: { status: 'Failed', error: { code: 'DatasetError', message: 'no levels' } } }]),
  },
  'tileset-cleaned-up': {
    routes: step('/tilesets', [{ body: { status: 'Failed', error: { code: 'TilesetError', message: 'no zoom' } } }]),
    input: { cleanup: 'onFailure' },
  },
  'tileset-refused': { input: { datasetId: 'another-beginning' } },
  'tileset-canceled': {
    routes: step('/datasets', [running(3600)]),
    input: { cancel: { path: '{statusPath}:cancel' }, cleanup: 'onFailure' },
    meanwhile: async (handle, asked) => (await asked('datasets/operation'), handle.cancel()),
  },
  'tileset-continue-as-new': { continueAsNewAfterEvents: 25 },
};
