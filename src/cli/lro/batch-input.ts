/**
 * A batch's input: a YAML or JSON file (`-` is standard input), and flags over it.
 *
 * Keeps true: every mistake is reported before anything is sent.
 */
import type { Command } from 'commander';
import { checkBatch } from '../../schema/batch';
import { DEFAULT_MAX_IN_FLIGHT, type BatchInput } from '../../contract';
import { toNumber } from './command';
import { UsageError } from './failures';
import { fileRef, readMap, withoutUndefined } from './input-file';

export interface BatchInputOptions {
  input?: string;
  manifest?: string;
  report?: string;
  resultFile?: string;
  maxInFlight?: number;
  submitsPerSecond?: number;
  stopAfterFailures?: number;
  skipInvalid?: true;
}

export function addBatchInputOptions(command: Command): Command {
  return addBatchSettingOptions(
    command
      .option('--input <file>', 'the batch as YAML or JSON; - for standard input')
      .option('--manifest <path|url>', 'its items as JSON Lines, one a line; read by the worker'),
  );
}

/** All but where its items come from. */
export function addBatchSettingOptions(command: Command): Command {
  return command
    .option('--report <path|url>', 'where a line for each item goes; {workflowId} and {runId} are filled in')
    .option('--result-file <path|url>', "where each item's final body goes; {id}, {workflowId} and {runId} are filled in")
    .option('--max-in-flight <n>', `items open at the service at once (default: ${DEFAULT_MAX_IN_FLIGHT})`, toNumber)
    .option('--submits-per-second <n>', 'of the whole batch (default: no limit of its own)', toNumber)
    .option('--stop-after-failures <n>', 'submit nothing more after so many (default: go on)', toNumber)
    .option('--skip-invalid', 'report broken items instead of refusing the batch');
}

/**
 * @param base what the flags stand over where no file is named
 * @throws UsageError with every mistake
 */
export function readBatchInput(options: BatchInputOptions, base: BatchInput = {}): BatchInput {
  const { input, manifest, report, resultFile, maxInFlight, submitsPerSecond, stopAfterFailures, skipInvalid } = options;
  const flags = {
    manifest: manifest === undefined ? undefined : fileRef(manifest),
    report: report === undefined ? undefined : fileRef(report),
    maxInFlight,
    submitsPerSecond,
    stopAfterFailures,
    skipInvalid,
  };
  const kept = flags.manifest === undefined ? base : { ...base, items: undefined, retryOf: undefined };
  const merged: BatchInput = { ...(input === undefined ? withoutUndefined(kept) : readMap(input)), ...withoutUndefined(flags) };
  if (resultFile !== undefined) merged.defaults = { ...merged.defaults, resultFile: fileRef(resultFile) };
  if (Object.keys(merged).length === 0) throw new UsageError('name the batch with --input or --manifest');
  const checked = checkBatch(merged);
  if (!checked.ok) throw new UsageError(['the batch is not right:', ...checked.mistakes].join('\n  '));
  return merged;
}

/** Whether a flag says anything about the batch. */
export function namesBatch(options: BatchInputOptions): boolean {
  const { input, manifest, report, resultFile, maxInFlight, submitsPerSecond, stopAfterFailures, skipInvalid } = options;
  const flags = [input, manifest, report, resultFile, maxInFlight, submitsPerSecond, stopAfterFailures, skipInvalid];
  return flags.some((flag) => flag !== undefined);
}
