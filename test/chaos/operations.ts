/** What callers ask for, and what they are told of it in the end: the same words for an operation alone, a step and an item. */
import type { FailureType, OperationInput, OperationResult } from '../../src/contract';
import type { OperationPlan } from '../../src/emulator';
import type { Dice } from '../jobs/dice';

/** Code of operations that the service is to end as failed. */
export const PLANNED_ERROR = 'ChaosPlanned';

/** One operation that is wanted. Its name stands in the query of each of its submits. */
export interface Wanted {
  name: string;
  kind: 'single' | 'step' | 'item';
  /** What becomes of an uncertain submit. */
  mode: 'retry' | 'fail';
  /** `found`: uncertain submits are looked for. */
  connection: 'maps' | 'found';
  /** How the service is to end it. */
  ends: 'Succeeded' | 'Failed';
  collection: '/mapData' | '/styles';
  plan: OperationPlan;
  /** The caller asks for a poll before it is due: such polls are no rule's. */
  hurried: boolean;
  /** The caller gives it up. */
  canceled: boolean;
}

/** What its caller was told. */
export interface Told {
  wanted: Wanted;
  end: 'Succeeded' | 'Canceled' | FailureType;
  /** Of the service, as results and failures name it. */
  operationId?: string;
  resourceLocation?: string;
  /** Of a failure: the service's own code. */
  errorCode?: string;
  message?: string;
}

/** How long operations take, in seconds. */
export interface Lengths {
  shortest: number;
  longest: number;
}

/** An operation as the dice say. Steps of chains and items of batches are neither hurried nor given up. */
export function wantedOperation(name: string, kind: Wanted['kind'], dice: Dice, { shortest, longest }: Lengths): Wanted {
  const connection = dice.weighted<Wanted['connection']>([3, 'maps'], [1, 'found']);
  const seconds = 4 + dice.below(9);
  const isAlone = kind === 'single';
  const ends = kind !== 'step' && dice.chance(0.08) ? 'Failed' : 'Succeeded';
  return {
    name,
    kind,
    mode: dice.of(['retry', 'fail']),
    connection,
    ends,
    // What is looked for is looked for among uploads.
    collection: connection === 'found' ? '/mapData' : dice.of(['/mapData', '/styles']),
    plan: {
      durationSeconds: shortest + dice.below(longest - shortest),
      retryAfter: dice.chance(0.2) ? `{httpDate+${seconds}}` : String(seconds),
      finish: ends,
      ...(ends === 'Failed' && { error: { code: PLANNED_ERROR, message: `${name} was planned to fail` } }),
    },
    hurried: isAlone && dice.chance(0.08),
    canceled: isAlone && dice.chance(0.08),
  };
}

/** Its input, as a caller gives it. */
export function inputOf(wanted: Wanted): OperationInput & Required<Pick<OperationInput, 'submit'>> {
  return {
    connection: wanted.connection,
    submit: {
      path: wanted.collection,
      query: { dataFormat: 'geojson', description: wanted.name },
      headers: { 'Emulator-Plan': JSON.stringify(wanted.plan) },
      body: { type: 'FeatureCollection', features: [] },
    },
    onUncertainSubmit: wanted.mode,
    ...(wanted.canceled && { cancel: { method: 'POST', path: '{statusPath}:cancel' } }),
  };
}

/** Told by a result. */
export function toldByResult(
  wanted: Wanted,
  { operationId, resourceLocation }: Pick<OperationResult, 'operationId' | 'resourceLocation'>,
): Told {
  return { wanted, end: 'Succeeded', operationId, resourceLocation };
}
