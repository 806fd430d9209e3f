/** Where a new run goes on after a chain that did not come to its end. Part of workflow code: no dependencies. */
import type { BuildTilesetInput, ChainInput, FailureDetails, StepMade } from '../contract';

/** Which workflow a chain is. */
export type ChainKind = 'tileset' | 'chain';

/**
 * The input of a new run that makes nothing again of what there is: `made` was given to the run, or made by it and is still there.
 * A package that cannot be converted is wrong itself, and uploaded anew once it is mended.
 */
export function resumeFrom(
  kind: ChainKind,
  input: ChainInput | BuildTilesetInput,
  { step, cause, made = {} }: Pick<FailureDetails, 'step' | 'cause' | 'made'>,
): ChainInput | BuildTilesetInput {
  const isPackageWrong = kind === 'tileset' && step === 'conversion' && cause?.type === 'OperationFailed';
  if (isPackageWrong && 'package' in input) return input;
  if (Object.keys(made).length === 0) return input;
  return kind === 'chain' ? { ...(input as ChainInput), made: { ...made } } : tilesetFrom(input, made);
}

function tilesetFrom(input: BuildTilesetInput, made: Readonly<Record<string, StepMade>>): BuildTilesetInput {
  const idOf = (step: string): string | undefined => made[step]?.resourceId;
  const datasetId = idOf('dataset');
  const conversionId = datasetId === undefined ? idOf('conversion') : undefined;
  const udid = datasetId === undefined && conversionId === undefined ? idOf('upload') : undefined;
  const tilesetId = datasetId === undefined ? undefined : idOf('tileset');
  if (datasetId === undefined && conversionId === undefined && udid === undefined) return input;
  const next: BuildTilesetInput = { ...input };
  // Exactly one beginning.
  for (const name of ['package', 'udid', 'conversionId', 'datasetId', 'tilesetId'] as const) Reflect.deleteProperty(next, name);
  return {
    ...next,
    ...(udid !== undefined && { udid }),
    ...(conversionId !== undefined && { conversionId }),
    ...(datasetId !== undefined && { datasetId }),
    ...(tilesetId !== undefined && { tilesetId }),
  };
}
