/**
 * Activity `prepare`: checks an operation's input and completes it with what this worker's connection says, before any request.
 *
 * Keeps true: what is refused here was never sent; no value that may be a secret is repeated in a message.
 */
import { log } from '@temporalio/activity';
import type { CancelRequest, FileRef, FinalStateVia, FollowMode, HttpMethod, OperationFields } from '../contract';
import { FileRefusedError, type Files } from '../files';
import type { Connection, Connections } from '../http';
import { attachedMonitor } from '../lro/attach';
import { OWN_CANCEL } from '../lro/cancel';
import { namesOf, requestsOf } from '../lro/dialect-status';
import { callbackPlaces } from '../lro/callback-url';
import { idempotencyKey } from '../lro/idempotency';
import type { Monitor } from '../lro/monitor';
import { headerMistakes, queryMistakes, routeMistakes } from '../schema/allow';
import { checkInput, type CheckedInput } from '../schema/operation';
import type { About } from '../jobs/model';
import { attachedUrl, checkCancel, invalid, submitUrl } from './caller-urls';
import { dependingOnFile, fileFailure, typedFailure } from './failures';
import { filledIn } from './file-names';
import { digestOf } from './input-digest';
import type { LearntSettings, PrepareRequest, Prepared } from './messages';
import { NO_RECEIVER } from './send-submit';
import { temporalNowMs } from './temporal-clock';

export interface PrepareDependencies {
  connections: Connections;
  /** What this worker knows of its namespace and of how it was set. */
  learn: () => Promise<LearntSettings>;
}

/** Whose operation it is: the idempotency key is made from it. */
export interface Identity {
  workflowId: string;
  firstRunId: string;
  itemId: string;
  generation: number;
  /** Of a chain: each of its steps has a key of its own. */
  stepId?: string;
}

/** Of an input that is only checked. */
export const NOBODY: Identity = { workflowId: '', firstRunId: '', itemId: '', generation: 0 };

/** A valid operation, completed with defaults and with what the connection says. */
export interface PreparedOperation {
  connection: string;
  /** `POST /tilesets · maps`: what operators see. */
  title: string;
  deadlineSeconds: number;
  onUncertainSubmit: 'retry' | 'fail';
  fetchResource: boolean;
  cancel?: CancelRequest;
  finalStateVia?: FinalStateVia;
  /** Who polls it, where it is no part of a set. */
  follow: FollowMode;
  /** Where the final body goes, with its placeholders filled in. */
  resultFile?: FileRef;
  /** `pollNow` never asks sooner after the last poll. */
  minSeconds: number;
  /** Bound of one HTTP exchange. */
  timeoutSeconds: number;
  /** The connection's file says how an uncertain submit is looked for. */
  canBeFound?: boolean;
  /** A new operation. */
  submit?: { method: HttpMethod; url: string; idempotencyKey: string; streamsFile: boolean };
  /** Or one that was started elsewhere. */
  attach?: Monitor;
}

/** For looking whether a result can be written. */
const LOOK_SECONDS = 20;

/** @throws ApplicationFailure `InvalidInput`, `UnknownConnection`, `UntrustedUrl`, `FileRefused` */
export function makePrepare({ connections, learn }: PrepareDependencies) {
  return async function prepare({ input, identity }: PrepareRequest): Promise<Prepared> {
    const { operation } = prepareOperation(input, connections, { ...NOBODY, ...identity });
    if (operation.resultFile !== undefined) await checkResultFile(operation.resultFile, connections.files);
    log.debug('operation prepared', { title: operation.title });
    const inputDigest = digestOf(input);
    const { attach, follow } = operation;
    return { about: aboutOf(operation, { id: '', labels: input.labels }), attach, follow, settings: await learn(), inputDigest };
  };
}

/** Really tries it, as it is tried for reports. @throws ApplicationFailure `FileRefused`; retryable where its store cannot be reached */
export async function checkResultFile(file: FileRef, files: Files): Promise<void> {
  try {
    await files.checkWritable(file, AbortSignal.timeout(LOOK_SECONDS * 1000));
  } catch (error) {
    throw error instanceof FileRefusedError ? refusedResultFile(error) : error;
  }
}

function refusedResultFile(error: FileRefusedError): Error {
  return fileFailure({ type: 'FileRefused', message: `resultFile: ${error.message}` }, error);
}

/** The file with its placeholders filled in. @throws ApplicationFailure where nothing can be filled in, or nothing may be written there */
function resultFileOf(file: FileRef, { workflowId, firstRunId, itemId, stepId }: Identity, files: Files): FileRef {
  const filled = filledIn(file, { workflowId, runId: firstRunId, id: itemId === '' ? undefined : itemId, step: stepId });
  const [left] = /\{(id|step)\}/.exec(filled.path ?? filled.url ?? '') ?? [];
  if (left !== undefined)
    throw invalid([`resultFile: ${left} is known of ${left === '{id}' ? 'an item of a batch' : 'a step of a chain'} only`]);
  try {
    files.refuseUnwritable(filled);
  } catch (error) {
    throw error instanceof FileRefusedError ? refusedResultFile(error) : error;
  }
  return filled;
}

/** What a workflow has to know of an operation. */
export function aboutOf(operation: PreparedOperation, more: Pick<About, 'id'> & Partial<About>): About {
  const { title, connection, deadlineSeconds, onUncertainSubmit, minSeconds, timeoutSeconds, cancel, canBeFound, submit } = operation;
  const streamsFile = submit?.streamsFile === true ? true : undefined;
  return { title, connection, deadlineSeconds, onUncertainSubmit, minSeconds, timeoutSeconds, cancel, canBeFound, streamsFile, ...more };
}

/**
 * @param ownQuery query parameters that a built-in chain sets itself, whatever the connection says; in lower case
 * @throws ApplicationFailure `InvalidInput`, `UnknownConnection`, `UntrustedUrl`, `FileRefused`
 */
export function prepareOperation(
  input: OperationFields,
  connections: Connections,
  identity: Identity,
  ownQuery: readonly string[] = [],
): { operation: PreparedOperation; value: CheckedInput } {
  const checked = checkInput(input);
  if (!checked.ok) throw invalid(checked.mistakes);
  const { value } = checked;
  if (value.follow !== undefined && identity.itemId !== '') throw invalid(['follow: a batch follows its operations in sets by itself']);
  return dependingOnFile(() => completed(value, connections, identity, ownQuery));
}

function completed(
  value: CheckedInput,
  connections: Connections,
  identity: Identity,
  ownQuery: readonly string[],
): { operation: PreparedOperation; value: CheckedInput } {
  const connection = connections.get(value.connection);
  if (connection === undefined) {
    const names = connections.names();
    const known = names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`;
    const message = `connection "${value.connection}" is not in the worker's file (${known})`;
    throw typedFailure({ type: 'UnknownConnection', message });
  }
  checkCancel(value.cancel, connection);
  const resultFile = value.resultFile && resultFileOf(value.resultFile, identity, connections.files);
  const operation =
    value.submit === undefined
      ? prepareAttach(value, connection, resultFile)
      : prepareSubmit(value, value.submit, connection, identity, ownQuery, connections.callbacks !== undefined);
  return { operation: { ...operation, resultFile }, value };
}

function common(value: CheckedInput, connection: Connection, verb: string, url: string): Omit<PreparedOperation, 'submit' | 'attach'> {
  const { dialect } = connection.protocol;
  if (dialect !== undefined && value.finalStateVia !== undefined) {
    throw invalid([`finalStateVia: is of Azure's services; the dialect of connection "${value.connection}" says where the result is`]);
  }
  return {
    connection: value.connection,
    title: `${verb} ${new URL(url).pathname} · ${value.connection}`,
    deadlineSeconds: value.deadlineSeconds,
    onUncertainSubmit: value.onUncertainSubmit,
    fetchResource: value.fetchResource,
    cancel: value.cancel ?? connection.config.cancel ?? (dialect?.cancel === undefined ? undefined : { path: OWN_CANCEL }),
    finalStateVia: value.finalStateVia,
    follow: value.follow ?? connection.config.follow,
    minSeconds: connection.protocol.poll.minSeconds,
    timeoutSeconds: connection.limits.timeoutSeconds,
  };
}

function prepareSubmit(
  value: CheckedInput,
  request: NonNullable<CheckedInput['submit']>,
  connection: Connection,
  identity: Identity,
  ownQuery: readonly string[],
  canCallBack: boolean,
): PreparedOperation {
  const method = request.method ?? 'POST';
  const url = submitUrl(request.path, request.query ?? {}, connection);
  const mistakes = [
    ...ownCredentialHeaders(request.headers, connection, 'submit.headers'),
    ...routeMistakes('submit', { method, url }, connection.config),
    ...queryMistakes('submit', url, connection.config, ownQuery),
    ...headerMistakes('submit', request.headers, connection.config),
    ...callbackMistakes(url, request, canCallBack),
  ];
  if (method === 'GET' && (request.body !== undefined || request.bodyFile !== undefined)) mistakes.push('submit.body: GET has none');
  if (mistakes.length > 0) throw invalid(mistakes);
  return {
    ...common(value, connection, method, url),
    canBeFound: connection.protocol.find !== undefined && method !== 'GET' ? true : undefined,
    submit: {
      method,
      url,
      idempotencyKey:
        request.idempotencyKey ??
        idempotencyKey(identity.workflowId, identity.firstRunId, identity.itemId, identity.generation, identity.stepId),
      streamsFile: request.bodyFile !== undefined,
    },
  };
}

/** `{callbackUrl}` where it cannot be filled in. */
function callbackMistakes(url: string, { headers, body }: NonNullable<CheckedInput['submit']>, canCallBack: boolean): string[] {
  return callbackPlaces({ url, headers, body }).flatMap((place) => {
    if (place === 'path') return ['submit.path: {callbackUrl} has its place in the query, in headers or in the body'];
    return canCallBack ? [] : [`submit.${place}: ${NO_RECEIVER}`];
  });
}

function prepareAttach(value: CheckedInput, connection: Connection, resultFile: FileRef | undefined): PreparedOperation {
  const request = value.attach;
  if (request === undefined) throw invalid(['input: must have exactly one of "submit" and "attach"']);
  const statusUrl = attachedUrl('attach.statusUrl', request.statusUrl, connection);
  const requestUrl = request.requestUrl === undefined ? undefined : attachedUrl('attach.requestUrl', request.requestUrl, connection);
  const mistakes = [
    ...ownCredentialHeaders(request.headers, connection, 'attach.headers'),
    ...headerMistakes('attach', request.headers, connection.config),
  ];
  if (mistakes.length > 0) throw invalid(mistakes);
  const { method, headers } = request;
  const { connection: name, finalStateVia, fetchResource } = value;
  const attached = { connection: name, statusUrl, requestUrl, method, headers, finalStateVia, fetchResource, resultFile };
  const monitor = attachedMonitor(attached, temporalNowMs());
  return { ...common(value, connection, 'follow', statusUrl), attach: attachedBy(monitor, connection) };
}

/** @throws ApplicationFailure `InvalidInput` where the polls of the connection's dialect say what only a submit's answer tells */
function attachedBy(monitor: Monitor, { protocol, name }: Connection): Monitor {
  if (protocol.dialect === undefined) return monitor;
  const names = namesOf(protocol, monitor);
  // Whoever names its status URL has started it.
  const requests = requestsOf(undefined, names, monitor.statusUrl, protocol, { ...protocol.dialect, start: undefined });
  if ('lacks' in requests) throw invalid([`attach: the dialect of connection "${name}" polls with values of the submit's answer`]);
  return { ...monitor, style: 'monitor', ...requests };
}

/** The header in which this very connection sends its key is refused too. */
function ownCredentialHeaders(headers: Record<string, string> | undefined, connection: Connection, field: string): string[] {
  const own = connection.keyHeader?.toLowerCase();
  return Object.keys(headers ?? {})
    .filter((name) => name.toLowerCase() === own)
    .map((name) => `${field}.${name}: carries credentials, which come from the worker's connection only`);
}
