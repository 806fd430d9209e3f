/** What the inputs of chains may be: `runChain`'s and `buildTileset`'s. */
import { z } from 'zod';
import { bodiesNeededBy, referenceMistakes } from '../jobs/references';
import { TILESET_OWN_QUERY, tilesetChain } from '../jobs/tileset';
import type { ChainKind } from '../jobs/resume';
import type { BuildTilesetInput, ChainInput, ChainStep, StepMade, TilesetStep } from '../contract';
import { DEFAULT_CONNECTION, DEFAULT_DEADLINE_SECONDS, MAX_STEPS } from '../contract';
import { check, type Checked } from './check';
import { attachShape, bodyFile, ownShape, sharedShape, submit } from './operation';
import { anyJson, atMostBytes, atMostEntries, atMostFields, oneOf, strict, text } from './terms';

/** It travels through history some times. What is larger goes by `bodyFile`. */
const MAX_CHAIN_BYTES = 131_072;

const cleanup = oneOf(['none', 'onFailure'] as const).optional();
const stepId = text(64).regex(/^[A-Za-z0-9][\w-]*$/, 'must be letters, digits, "_" and "-", and begin with a letter or digit');
const { connection, onUncertainSubmit, cancel } = sharedShape;

const step = strict({
  id: stepId,
  connection: connection.unwrap().optional(),
  onUncertainSubmit: onUncertainSubmit.unwrap().optional(),
  cancel,
  ...ownShape,
  submit: submit.optional(),
  attach: strict(attachShape).optional(),
} satisfies Record<keyof ChainStep, z.ZodType>).refine(
  (value) => (value.submit === undefined) !== (value.attach === undefined),
  'must have exactly one of "submit" and "attach"',
);

const stepMade = strict({
  resourceId: text(1024).optional(),
  resourceLocation: text(16_384).optional(),
  operationId: text(1024).optional(),
  body: anyJson.optional(),
} satisfies Record<keyof StepMade, z.ZodType>);

/** {@link ChainInput} */
export const chainInput = strict({
  ...sharedShape,
  steps: atMostEntries(MAX_STEPS, 'steps', z.array(step, { error: 'must be a list of steps' }).min(1, 'must have at least one step')),
  made: atMostFields(MAX_STEPS, 'steps', z.record(stepId, stepMade, { error: 'must be an object: what each step has made' })).optional(),
  cleanup,
} satisfies Record<keyof ChainInput, z.ZodType>).superRefine((chain, context) => {
  const refuse = (path: (string | number)[], message: string): void => context.addIssue({ code: 'custom', path, message });
  const ids = chain.steps.map(({ id }) => id);
  for (const [index, one] of chain.steps.entries()) {
    if (ids.indexOf(one.id) < index) refuse(['steps', index, 'id'], 'stands in an earlier step, too');
    for (const mistake of referenceMistakes(one, ids.slice(0, index), ids)) {
      const [field = '', ...rest] = mistake.split(': ');
      refuse(['steps', index, ...field.split('.')], rest.join(': '));
    }
  }
  for (const id of new Set(chain.steps.flatMap(bodiesNeededBy))) {
    const index = ids.indexOf(id);
    if (chain.steps[index]?.resultFile !== undefined)
      refuse(['steps', index, 'resultFile'], 'a later step refers to the body of this one, which would stand in the file only');
  }
  for (const id of Object.keys(chain.made ?? {})) if (!ids.includes(id)) refuse(['made', id], 'the chain has no such step');
  if (ids.every((id) => Object.hasOwn(chain.made ?? {}, id))) refuse(['made'], 'there is nothing left to do: every step is made');
});

/** Of these fields an input of `buildTileset` has exactly one: where it begins. */
export const BEGINNINGS = ['package', 'udid', 'conversionId', 'datasetId'] as const;
const resourceId = text(1024);
const description = text(1024).optional();

/** {@link BuildTilesetInput} */
export const tilesetInput = strict({
  ...sharedShape,
  package: bodyFile.optional(),
  udid: resourceId.optional(),
  conversionId: resourceId.optional(),
  datasetId: resourceId.optional(),
  tilesetId: resourceId.optional(),
  conversion: strict({ outputOntology: text(64).optional(), dwgPackageVersion: text(64).optional() }).optional(),
  dataset: strict({ appendTo: resourceId }).optional(),
  tileset: strict({ configuration: z.record(z.string(), anyJson, { error: 'must be a JSON object' }) }).optional(),
  routeset: z.boolean({ error: 'must be true or false' }).optional(),
  descriptions: strict({
    upload: description,
    conversion: description,
    dataset: description,
    tileset: description,
    routeset: description,
  } satisfies Record<TilesetStep, z.ZodType>).optional(),
  cleanup,
} satisfies Record<keyof BuildTilesetInput, z.ZodType>)
  .refine(
    (input) => BEGINNINGS.filter((name) => input[name] !== undefined).length === 1,
    `must have exactly one of ${BEGINNINGS.map((name) => `"${name}"`).join(', ')}`,
  )
  .refine(
    (input) => input.tilesetId === undefined || (input.datasetId !== undefined && input.routeset === true),
    'tilesetId: goes with "datasetId" and "routeset": true, which is all that is left then',
  );

/** A valid step with its defaults. */
export type CheckedStep = ChainStep &
  Required<Pick<ChainStep, 'connection' | 'onUncertainSubmit'>> & {
    /** Of a built-in chain: query parameters that it sets whatever the connection says, in lower case. Callers cannot write this field. */
    ownQuery?: readonly string[];
  };

/** A valid chain, whatever its workflow, with its defaults. */
export interface CheckedChain extends ChainInput {
  made: Record<string, StepMade>;
  deadlineSeconds: number;
  cleanup: NonNullable<ChainInput['cleanup']>;
  steps: CheckedStep[];
  /** Ids of steps whose body a later step refers to. */
  bodiesNeeded: string[];
}

/** The chain that an input stands for, or every mistake, each with the field it stands in. */
export function checkChain(kind: ChainKind, input: ChainInput | BuildTilesetInput | undefined): Checked<CheckedChain> {
  const schema: z.ZodType = kind === 'chain' ? chainInput : tilesetInput;
  const checked = check(schema.superRefine(atMostBytes(MAX_CHAIN_BYTES, '; use "bodyFile"')), input);
  if (!checked.ok) return checked;
  if (kind === 'chain') return { ok: true, value: completed(input as ChainInput) };
  const chain = completed(tilesetChain(input as BuildTilesetInput));
  return { ok: true, value: { ...chain, steps: chain.steps.map((one) => ({ ...one, ownQuery: TILESET_OWN_QUERY })) } };
}

function completed(chain: ChainInput): CheckedChain {
  const { connection: shared = DEFAULT_CONNECTION, onUncertainSubmit: mode = 'retry', cancel: sharedCancel } = chain;
  return {
    ...chain,
    made: chain.made ?? {},
    deadlineSeconds: chain.deadlineSeconds ?? DEFAULT_DEADLINE_SECONDS,
    cleanup: chain.cleanup ?? 'none',
    steps: chain.steps.map((one) => ({
      ...(sharedCancel === undefined ? {} : { cancel: sharedCancel }),
      ...one,
      connection: one.connection ?? shared,
      onUncertainSubmit: one.onUncertainSubmit ?? mode,
    })),
    bodiesNeeded: [...new Set(chain.steps.flatMap(bodiesNeededBy))],
  };
}
