/** Chains of operations: `runChain` and `buildTileset`. */
import type { BodyFile, CancelRequest, OperationFields, OperationPhase, OperationProgress, OperationResult } from './operation';
import type { Json, JsonObject } from './json';

/** What a step of a chain has made: later steps refer to it, and a new run starts from it. */
export interface StepMade {
  resourceId?: string;
  resourceLocation?: string;
  operationId?: string;
  /** Only where a later step refers to it. */
  body?: Json;
}

/**
 * One step of a chain: an operation. Texts in it may hold references to what earlier steps have made: `{{steps.<id>.resourceId}}`,
 * `.resourceLocation`, `.operationId` and `.body.<path>`. A text that is nothing but a reference becomes the value itself.
 */
export interface ChainStep<Sent = Json> extends Omit<OperationFields<Sent>, 'deadlineSeconds' | 'labels'> {
  /** Letters, digits, `_` and `-`; once in a chain. */
  id: string;
}

/** `onFailure`: what the run has made is deleted when it fails or is cancelled, and what it was given never is. */
export type Cleanup = 'none' | 'onFailure';

/** Input of workflow `runChain`: operations one after the other. */
export interface ChainInput<Sent = Json> {
  steps: ChainStep<Sent>[];
  /** Of steps that are not to be run, because an earlier run has made these. Whole, or at least what later steps refer to. */
  made?: Record<string, StepMade>;
  /** Of steps that name none of their own. */
  connection?: string;
  /** Of the whole chain, from the workflow's first start. Default one day; 0 = none. */
  deadlineSeconds?: number;
  /** Of steps that say nothing themselves. */
  onUncertainSubmit?: 'retry' | 'fail';
  /** Of steps that say nothing themselves. */
  cancel?: CancelRequest;
  /** Default `none`. */
  cleanup?: Cleanup;
  labels?: Record<string, string>;
}

export const TILESET_STEPS = ['upload', 'conversion', 'dataset', 'tileset', 'routeset'] as const;
/** Ids of the steps of a chain that builds a tileset. */
export type TilesetStep = (typeof TILESET_STEPS)[number];

/**
 * Input of workflow `buildTileset`. It starts at exactly one of `package`, `udid`, `conversionId` and `datasetId`; with `datasetId` and
 * `tilesetId` only the routeset is left to be made.
 */
export interface BuildTilesetInput {
  connection?: string;
  /** A drawing package: it is streamed by the worker and never enters history. */
  package?: BodyFile;
  /** Of an upload. */
  udid?: string;
  conversionId?: string;
  datasetId?: string;
  tilesetId?: string;
  /** `outputOntology`: default `facility-2.0`, unless `dwgPackageVersion` is there. */
  conversion?: { outputOntology?: string; dwgPackageVersion?: string };
  /** Id of the dataset that the building is added to. */
  dataset?: { appendTo: string };
  /** Sent as JSON. */
  tileset?: { configuration: JsonObject };
  /** Also make a routeset of the dataset. */
  routeset?: boolean;
  /** By step; shown by the service. */
  descriptions?: Partial<Record<TilesetStep, string>>;
  /** Of the whole chain, from the workflow's first start. Default one day; 0 = none. */
  deadlineSeconds?: number;
  onUncertainSubmit?: 'retry' | 'fail';
  cancel?: CancelRequest;
  /** Default `none`. */
  cleanup?: Cleanup;
  labels?: Record<string, string>;
}

/** One step that has succeeded. */
export interface StepResult extends Omit<OperationResult, 'labels'> {
  id: string;
}

/** Result of workflow `runChain`. Status, operation and resource are the last step's; `polls` are all. */
export interface ChainResult extends Pick<
  OperationResult,
  'status' | 'operationId' | 'statusUrl' | 'resourceId' | 'resourceLocation' | 'completedAt' | 'polls'
> {
  /** What there is at the end, by step: also what the run was given. */
  made: Record<string, StepMade>;
  /** Steps that this run has run, in order. */
  steps: StepResult[];
  startedAt: string;
  labels?: Record<string, string>;
}

/** Result of workflow `buildTileset`. */
export interface BuildTilesetResult extends ChainResult {
  made: Partial<Record<TilesetStep, StepMade>> & { tileset: StepMade };
}

/** One resource that a run had made and tried to delete. */
export interface CleanedResource {
  step: string;
  resourceLocation: string;
  deleted: boolean;
  /** Why it could not be deleted. */
  reason?: string;
}

/** Where one step stands. `given`: an earlier run has made it; `notStarted`: others come first. */
export interface StepProgress extends Omit<OperationProgress, 'phase' | 'tracker'> {
  id: string;
  phase: OperationPhase | 'notStarted' | 'given';
  /** `POST /conversions · maps` */
  title: string;
}

export type ChainPhase = 'validating' | 'running' | 'canceling' | 'cleaningUp' | 'succeeded' | 'failed' | 'canceled';

/** Answer of query `progress` of a chain. */
export interface ChainProgress {
  phase: ChainPhase;
  /** Id of the step that is under way. */
  step?: string;
  steps: StepProgress[];
}
