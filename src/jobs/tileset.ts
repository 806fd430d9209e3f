/**
 * A tileset from a drawing package, as a chain: upload → conversion → dataset → tileset (→ routeset). [protocol.md section 1]
 */
import type { BuildTilesetInput, ChainInput, StepMade, SubmitRequest, TilesetStep } from '../contract';
import { TILESET_STEPS } from '../contract';

/** Of a conversion whose input names no ontology and no version. */
const DEFAULT_ONTOLOGY = 'facility-2.0';

/** Uploads are served by this version only, whatever version the rest of Creator is called with. [protocol.md section 1, `POST /mapData`] */
const UPLOAD_API_VERSION = '2.0';

/** Query parameters that the chain sets itself: the worker's file need not let callers do so. In lower case. */
export const TILESET_OWN_QUERY: readonly string[] = ['api-version'];

/** The chain that a valid input stands for. What the input names is there already. */
export function tilesetChain(input: BuildTilesetInput): ChainInput {
  const { connection, deadlineSeconds, onUncertainSubmit, cancel, cleanup, labels } = input;
  const made = givenOf(input);
  const first = 1 + Math.max(-1, ...Object.keys(made).map((id) => TILESET_STEPS.indexOf(id as TilesetStep)));
  const steps = TILESET_STEPS.filter((id) => id !== 'routeset' || input.routeset === true);
  return {
    // Steps before the beginning have nothing to be made of, and nobody refers to them.
    steps: steps.filter((id, index) => index >= first || Object.hasOwn(made, id)).map((id) => ({ id, submit: submitOf(id, input) })),
    ...(Object.keys(made).length > 0 && { made }),
    ...(connection !== undefined && { connection }),
    ...(deadlineSeconds !== undefined && { deadlineSeconds }),
    ...(onUncertainSubmit !== undefined && { onUncertainSubmit }),
    ...(cancel !== undefined && { cancel }),
    ...(cleanup !== undefined && { cleanup }),
    ...(labels !== undefined && { labels }),
  };
}

function givenOf({ udid, conversionId, datasetId, tilesetId }: BuildTilesetInput): Record<string, StepMade> {
  const given: [TilesetStep, string | undefined][] = [
    ['upload', udid],
    ['conversion', conversionId],
    ['dataset', datasetId],
    ['tileset', tilesetId],
  ];
  return Object.fromEntries(given.flatMap(([id, resourceId]) => (resourceId === undefined ? [] : [[id, { resourceId }]])));
}

function submitOf(id: TilesetStep, input: BuildTilesetInput): SubmitRequest {
  const description = input.descriptions?.[id];
  const more: Query = description === undefined ? {} : { description };
  switch (id) {
    case 'upload':
      return upload(input, more);
    case 'conversion': {
      const { outputOntology, dwgPackageVersion } = input.conversion ?? {};
      const ontology = outputOntology ?? (dwgPackageVersion === undefined ? DEFAULT_ONTOLOGY : undefined);
      const wishes: Query = { ...(ontology && { outputOntology: ontology }), ...(dwgPackageVersion && { dwgPackageVersion }) };
      return { path: '/conversions', query: { udid: '{{steps.upload.resourceId}}', ...wishes, ...more } };
    }
    case 'dataset': {
      const appendTo: Query = input.dataset === undefined ? {} : { datasetId: input.dataset.appendTo };
      return { path: '/datasets', query: { conversionId: '{{steps.conversion.resourceId}}', ...appendTo, ...more } };
    }
    case 'tileset': {
      const body = input.tileset?.configuration;
      return { path: '/tilesets', query: { datasetId: '{{steps.dataset.resourceId}}', ...more }, ...(body && { body }) };
    }
    case 'routeset':
      return { path: '/routesets', query: { datasetId: '{{steps.dataset.resourceId}}', ...more } };
  }
}

function upload({ package: file }: BuildTilesetInput, more: Query): SubmitRequest {
  const query: Query = { 'api-version': UPLOAD_API_VERSION, dataFormat: 'dwgzippackage', ...more };
  return { path: '/mapData', query, ...(file && { bodyFile: file }) };
}

type Query = Record<string, string>;
