/** A tileset's input: a YAML or JSON file, and flags over it. Keeps true: every mistake is reported before anything is started. */
import { Option, type Command } from 'commander';
import type { BuildTilesetInput, Cleanup, JsonObject } from '../../contract';
import { checkChain } from '../../schema/chain';
import { UsageError } from './failures';
import { jsonOf, readMap, withoutUndefined } from './input-file';
import { addSharedInputOptions, bodyFileOf, connectionOption, labelsOf, uncertainOption, type SharedInputOptions } from './operation-input';

export interface TilesetInputOptions extends SharedInputOptions {
  input?: string;
  package?: string;
  packageType?: string;
  udid?: string;
  conversionId?: string;
  datasetId?: string;
  tilesetId?: string;
  outputOntology?: string;
  dwgPackageVersion?: string;
  appendTo?: string;
  configuration?: string;
  routeset?: true;
  cleanup?: Cleanup;
  onUncertain?: 'fail' | 'retry';
}

export function addTilesetInputOptions(command: Command): Command {
  return addSharedInputOptions(command.addOption(connectionOption()))
    .option('--input <file>', 'the tileset as YAML or JSON; - for standard input')
    .option('--package <path|url>', 'begin with a drawing package, which the worker uploads')
    .option('--package-type <type>', 'its media type (default: application/octet-stream)')
    .option('--udid <id>', 'begin with an upload')
    .option('--conversion-id <id>', 'begin with a conversion')
    .option('--dataset-id <id>', 'begin with a dataset')
    .option('--tileset-id <id>', 'with --dataset-id and --routeset: only the routeset is left')
    .option('--output-ontology <name>', 'of the conversion (default: facility-2.0)')
    .option('--dwg-package-version <version>', 'of the conversion')
    .option('--append-to <datasetId>', 'add the building to this dataset')
    .option('--configuration <json>', 'of the tileset')
    .option('--routeset', 'also make a routeset of the dataset')
    .addOption(new Option('--cleanup <what>', 'of what it has made when it fails (default: none)').choices(['none', 'onFailure']))
    .addOption(uncertainOption());
}

/** @throws UsageError with every mistake */
export function readTilesetInput(options: TilesetInputOptions): BuildTilesetInput {
  const { input, connection, deadlineSeconds, udid, conversionId, datasetId, tilesetId, routeset, cleanup } = options;
  const { outputOntology, dwgPackageVersion, appendTo, configuration, onUncertain: onUncertainSubmit } = options;
  const given: BuildTilesetInput = input === undefined ? {} : readMap(input);
  const conversion = withoutUndefined({ outputOntology, dwgPackageVersion });
  const flags: BuildTilesetInput = withoutUndefined({
    connection,
    deadlineSeconds,
    onUncertainSubmit,
    package: bodyFileOf('--package-type', options.package, options.packageType),
    udid,
    conversionId,
    datasetId,
    tilesetId,
    routeset,
    cleanup,
    conversion: Object.keys(conversion).length === 0 ? undefined : { ...given.conversion, ...conversion },
    dataset: appendTo === undefined ? undefined : { appendTo },
    tileset: configuration === undefined ? undefined : { configuration: jsonOf('--configuration', configuration) as JsonObject },
    labels: labelsOf(options.label, given.labels),
  });
  const merged = { ...given, ...flags };
  const checked = checkChain('tileset', merged);
  if (!checked.ok) throw new UsageError(['the tileset is not right:', ...checked.mistakes].join('\n  '));
  return merged;
}
