/**
 * A batch's input: a YAML or JSON file (`-` is standard input), and flags over it.
 *
 * Keeps true: every mistake is reported before anything is sent.
 */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { parseDocument } from 'yaml';
import { checkBatch } from '../../schema/batch';
import type { BatchInput, FileRef } from '../../contract';
import { reasonOf } from '../../text/reason';
import { toNumber } from './command';
import { UsageError } from './failures';

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
  return command
    .option('--input <file>', 'the batch as YAML or JSON; - for standard input')
    .option('--manifest <path|url>', 'JSON Lines, one item a line; read by the worker')
    .option('--report <path|url>', 'where the report goes; {workflowId} and {runId} are filled in')
    .option('--result-file <path|url>', "where each item's final body goes; {id}, {workflowId} and {runId} are filled in")
    .option('--max-in-flight <n>', 'items that are open at the service at once', toNumber)
    .option('--submits-per-second <n>', 'of the whole batch', toNumber)
    .option('--stop-after-failures <n>', 'submit nothing more after so many', toNumber)
    .option('--skip-invalid', 'report broken items instead of refusing the batch');
}

/** @throws UsageError with every mistake */
export function readBatchInput(options: BatchInputOptions): BatchInput {
  const { input, manifest, report, resultFile, maxInFlight, submitsPerSecond, stopAfterFailures, skipInvalid } = options;
  const flags = {
    manifest: manifest === undefined ? undefined : fileRef(manifest),
    report: report === undefined ? undefined : fileRef(report),
    maxInFlight,
    submitsPerSecond,
    stopAfterFailures,
    skipInvalid,
  };
  const given = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
  const merged: BatchInput = { ...(input === undefined ? undefined : readMap(input)), ...given };
  if (resultFile !== undefined) merged.defaults = { ...merged.defaults, resultFile: fileRef(resultFile) };
  if (Object.keys(merged).length === 0) throw new UsageError('name the batch with --input or --manifest');
  const checked = checkBatch(merged);
  if (!checked.ok) throw new UsageError(['the batch is not right:', ...checked.mistakes].join('\n  '));
  return merged;
}

/**
 * A map of YAML (or JSON, which is YAML too).
 * @param what is parsed, as messages call it
 */
export function parseMap(written: string, what: string): Record<string, unknown> {
  const document = parseDocument(written);
  const problem = document.errors[0]?.message.split('\n')[0];
  if (problem !== undefined) throw new UsageError(`${what} is not YAML or JSON: ${problem}`);
  const value: unknown = document.toJS();
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new UsageError(`${what} must be an object`);
  return value as Record<string, unknown>;
}

function readMap(path: string): Record<string, unknown> {
  const what = path === '-' ? 'standard input' : path;
  let written: string;
  try {
    written = readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch (err) {
    throw new UsageError(`${what} cannot be read: ${reasonOf(err)}`);
  }
  return parseMap(written, what);
}

function fileRef(written: string): FileRef {
  return /^https?:\/\//i.test(written) ? { url: written } : { path: written };
}
