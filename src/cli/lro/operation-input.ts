/**
 * An operation's input: a YAML or JSON file (`-` is standard input), and flags over it.
 *
 * Keeps true: every mistake is reported before anything is started.
 */
import { Option, type Command } from 'commander';
import { HTTP_METHODS, type HttpMethod, type Json, type OperationFields, type OperationInput, type OperationOptions } from '../../contract';
import { checkInput } from '../../schema/operation';
import { collect, toNumber } from './command';
import { UsageError } from './failures';
import { fileRef, jsonOf, pairsOf, readJson, readMap, withoutUndefined } from './input-file';

/** Of whatever is submitted or followed. */
export interface SharedInputOptions {
  connection?: string;
  label?: string[];
  deadlineSeconds?: number;
}

export interface AttachInputOptions extends SharedInputOptions {
  method?: HttpMethod;
  header?: string[];
  requestUrl?: string;
  fetchResource?: true;
  resultFile?: string;
}

export interface OperationInputOptions extends Omit<AttachInputOptions, 'requestUrl'> {
  input?: string;
  path?: string;
  query?: string[];
  body?: string;
  bodyFile?: string;
  contentType?: string;
  idempotencyKey?: string;
  onUncertain?: 'fail' | 'retry';
}

export function connectionOption(): Option {
  return new Option('--connection <name>', 'a connection of the worker\'s file (default: "default")');
}

export function addSharedInputOptions(command: Command): Command {
  return command
    .option('--deadline-seconds <n>', 'give it up so long after its start; 0: never (default: one day)', toNumber)
    .option('--label <name=value>', 'copied to the result and the Web UI; may be repeated', collect);
}

export function uncertainOption(): Option {
  return new Option('--on-uncertain <what>', 'when nobody knows whether the submit arrived (default: retry)').choices(['fail', 'retry']);
}

function addRequestOptions(command: Command): Command {
  return command
    .addOption(new Option('--method <method>', 'HTTP method of the submit (default: POST)').choices(HTTP_METHODS))
    .option('--header <name: value>', 'sent with the submit and every poll; may be repeated', collect)
    .option('--fetch-resource', 'read the resource at the end, and put it into the result')
    .option('--result-file <path|url>', 'put the final body there; {workflowId} and {runId} are filled in');
}

export function addOperationInputOptions(command: Command): Command {
  const request = command
    .addOption(connectionOption())
    .option('--input <file>', 'the operation as YAML or JSON; - for standard input')
    .option('--path <path>', "below the connection's base URL")
    .option('--query <name=value>', 'query parameter of the submit; may be repeated', collect)
    .option('--body <json>', 'JSON that is sent; @file reads it from a file, @- from standard input')
    .option('--body-file <path|url>', 'a file that the worker sends')
    .option('--content-type <type>', 'of --body-file (default: application/octet-stream)');
  return addSharedInputOptions(addRequestOptions(request))
    .option('--idempotency-key <key>', 'sent instead of the one made from its id')
    .addOption(uncertainOption());
}

export function addAttachInputOptions(command: Command): Command {
  const request = command.addOption(connectionOption()).option('--request-url <url>', 'URL of the submit that was done elsewhere');
  return addSharedInputOptions(addRequestOptions(request));
}

/** @throws UsageError with every mistake */
export function readOperationInput(options: OperationInputOptions): OperationInput {
  const { input, method, path, onUncertain: onUncertainSubmit } = options;
  const given: OperationFields = input === undefined ? {} : readMap(input);
  const submit = withoutUndefined({
    method,
    path,
    query: pairsOf('--query', options.query),
    headers: pairsOf('--header', options.header, ':'),
    body: options.body === undefined ? undefined : bodyOf(options.body),
    bodyFile: bodyFileOf('--content-type', options.bodyFile, options.contentType),
    idempotencyKey: options.idempotencyKey,
  });
  const merged: OperationFields = { ...given, ...sharedOf(options, given.labels), ...withoutUndefined({ onUncertainSubmit }) };
  if (Object.keys(submit).length > 0) {
    const { query, headers } = given.submit ?? {};
    merged.submit = {
      ...given.submit,
      ...submit,
      ...withoutUndefined({
        query: submit.query && { ...query, ...submit.query },
        headers: submit.headers && { ...headers, ...submit.headers },
      }),
    } as NonNullable<OperationFields['submit']>;
  }
  if (Object.keys(merged).length === 0) throw new UsageError('name the operation with --path or --input');
  if (merged.submit === undefined && merged.attach === undefined)
    throw new UsageError('which request? Name its path with --path, or "submit" in the file of --input');
  return checkedOperation(merged);
}

/** @throws UsageError with every mistake */
export function readAttachInput(statusUrl: string, options: AttachInputOptions): OperationInput {
  const { method, requestUrl } = options;
  if (!/^(https?:\/\/|\/)/i.test(statusUrl))
    throw new UsageError(`"${statusUrl}" is no status URL: it begins with https:// or, below the base URL of the connection, with /`);
  const attach = withoutUndefined({ statusUrl, method, requestUrl, headers: pairsOf('--header', options.header, ':') });
  return checkedOperation({ ...sharedOf(options, undefined), attach });
}

/** A file for a worker to send. @throws UsageError */
export function bodyFileOf(typeFlag: string, written: string | undefined, contentType: string | undefined) {
  if (written !== undefined) return { ...fileRef(written), ...withoutUndefined({ contentType }) };
  if (contentType !== undefined) throw new UsageError(`${typeFlag} needs a file`);
  return undefined;
}

/** Of flags. @param labels of the file: flags are added to them */
export function labelsOf(flags: string[] | undefined, labels: Record<string, string> | undefined): Record<string, string> | undefined {
  const given = pairsOf('--label', flags);
  return given === undefined ? labels : { ...labels, ...given };
}

function sharedOf(options: AttachInputOptions | OperationInputOptions, labels: Record<string, string> | undefined): OperationOptions {
  const { connection, deadlineSeconds, fetchResource, resultFile } = options;
  return withoutUndefined({
    connection,
    deadlineSeconds,
    fetchResource,
    resultFile: resultFile === undefined ? undefined : fileRef(resultFile),
    labels: labelsOf(options.label, labels),
  });
}

function bodyOf(written: string): Json {
  return written.startsWith('@') ? readJson(written.slice(1)) : jsonOf('--body', written);
}

function checkedOperation(input: OperationFields): OperationInput {
  const checked = checkInput(input);
  if (!checked.ok) throw new UsageError(['the operation is not right:', ...checked.mistakes].join('\n  '));
  return input as OperationInput;
}
