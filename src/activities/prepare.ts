/**
 * Activity `prepare`: checks an operation's input and completes it with what this worker's connection says, before any request.
 *
 * Keeps true: what is refused here was never sent; no value that may be a secret is repeated in a message.
 */
import { log } from '@temporalio/activity';
import type { BodyFile, CancelRequest, FinalStateVia, HttpMethod, OperationInput } from '../contract';
import type { Connection, Connections } from '../http';
import { attachedMonitor } from '../lro/attach';
import { idempotencyKey } from '../lro/idempotency';
import type { Monitor } from '../lro/monitor';
import { judgeUrl, shown, withoutParameters } from '../lro/trust';
import { listed, typedFailure } from './failures';
import { checkInput, type CheckedInput } from '../schema/operation';
import type { About } from '../jobs/model';
import { digestOf } from './input-digest';
import type { LearntSettings, PrepareRequest, Prepared } from './messages';

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
  /** `pollNow` never asks sooner after the last poll. */
  minSeconds: number;
  /** Bound of one HTTP exchange. */
  timeoutSeconds: number;
  /** A new operation. */
  submit?: { method: HttpMethod; url: string; idempotencyKey: string; streamsFile: boolean };
  /** Or one that was started elsewhere. */
  attach?: Monitor;
}

/** @throws ApplicationFailure `InvalidInput`, `UnknownConnection`, `UntrustedUrl` */
export function makePrepare({ connections, learn }: PrepareDependencies) {
  return async function prepare({ input }: PrepareRequest): Promise<Prepared> {
    const { operation } = prepareOperation(input, connections, NOBODY);
    log.debug('operation prepared', { title: operation.title });
    const inputDigest = digestOf(input);
    return { about: aboutOf(operation, { id: '', labels: input.labels }), attach: operation.attach, settings: await learn(), inputDigest };
  };
}

/** What a workflow has to know of an operation. */
export function aboutOf(operation: PreparedOperation, more: Pick<About, 'id'> & Partial<About>): About {
  const { title, connection, deadlineSeconds, onUncertainSubmit, minSeconds, timeoutSeconds, cancel, submit } = operation;
  const streamsFile = submit?.streamsFile === true ? true : undefined;
  return { title, connection, deadlineSeconds, onUncertainSubmit, minSeconds, timeoutSeconds, cancel, streamsFile, ...more };
}

/** @throws ApplicationFailure `InvalidInput`, `UnknownConnection`, `UntrustedUrl` */
export function prepareOperation(
  input: OperationInput,
  connections: Connections,
  identity: Identity,
): { operation: PreparedOperation; value: CheckedInput } {
  const checked = checkInput(input);
  if (!checked.ok) throw invalid(checked.mistakes);
  const { value } = checked;
  const connection = connections.get(value.connection);
  if (connection === undefined) {
    const names = connections.names();
    const known = names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`;
    const message = `connection "${value.connection}" is not in the worker's file (${known})`;
    throw typedFailure({ type: 'UnknownConnection', message });
  }
  const operation =
    value.submit === undefined ? prepareAttach(value, connection) : prepareSubmit(value, value.submit, connection, identity);
  return { operation, value };
}

function common(value: CheckedInput, connection: Connection, verb: string, url: string): Omit<PreparedOperation, 'submit' | 'attach'> {
  return {
    connection: value.connection,
    title: `${verb} ${new URL(url).pathname} · ${value.connection}`,
    deadlineSeconds: value.deadlineSeconds,
    onUncertainSubmit: value.onUncertainSubmit,
    fetchResource: value.fetchResource,
    ...(value.cancel === undefined ? {} : { cancel: value.cancel }),
    ...(value.finalStateVia === undefined ? {} : { finalStateVia: value.finalStateVia }),
    minSeconds: connection.protocol.poll.minSeconds,
    timeoutSeconds: connection.limits.timeoutSeconds,
  };
}

function prepareSubmit(
  value: CheckedInput,
  request: NonNullable<CheckedInput['submit']>,
  connection: Connection,
  identity: Identity,
): PreparedOperation {
  const method = request.method ?? 'POST';
  const url = submitUrl(request.path, request.query ?? {}, connection);
  const mistakes = [...ownCredentialHeaders(request.headers, connection, 'submit.headers')];
  if (method === 'GET' && (request.body !== undefined || request.bodyFile !== undefined)) mistakes.push('submit.body: GET has none');
  if (mistakes.length > 0) throw invalid(mistakes);
  return {
    ...common(value, connection, method, url),
    submit: {
      method,
      url,
      idempotencyKey:
        request.idempotencyKey ??
        idempotencyKey(identity.workflowId, identity.firstRunId, identity.itemId, identity.generation, identity.stepId),
      streamsFile: (request.bodyFile satisfies BodyFile | undefined) !== undefined,
    },
  };
}

function prepareAttach(value: CheckedInput, connection: Connection): PreparedOperation {
  const request = value.attach;
  if (request === undefined) throw invalid(['input: must have exactly one of "submit" and "attach"']);
  const { trust, credentialParameters } = connection.protocol;
  const base = trust.baseUrl.endsWith('/') ? trust.baseUrl : `${trust.baseUrl}/`;
  const absolute = (text: string, field: string): string => {
    // Bare words would be taken for paths.
    if (!/^(https?:|[/?])/i.test(text) || !URL.canParse(text, base))
      throw invalid([`attach.${field}: must be an http(s) URL, or start with "/"`]);
    const url = withoutParameters(new URL(text, base).toString(), credentialParameters);
    const verdict = judgeUrl(url, trust);
    if (verdict.kind === 'refused') {
      throw typedFailure({ type: 'UntrustedUrl', message: `attach.${field} ${shown(url)} refused: ${verdict.reason}`, statusUrl: url });
    }
    return url;
  };
  const statusUrl = absolute(request.statusUrl, 'statusUrl');
  const requestUrl = request.requestUrl === undefined ? undefined : absolute(request.requestUrl, 'requestUrl');
  const mistakes = ownCredentialHeaders(request.headers, connection, 'attach.headers');
  if (mistakes.length > 0) throw invalid(mistakes);
  const { method, headers } = request;
  const { connection: name, finalStateVia, fetchResource } = value;
  const monitor = attachedMonitor({ connection: name, statusUrl, requestUrl, method, headers, finalStateVia, fetchResource }, Date.now());
  return { ...common(value, connection, 'follow', statusUrl), attach: monitor };
}

/** The absolute URL of a submit: below the base URL, with the caller's query, without anything that carries credentials. */
function submitUrl(path: string, query: Record<string, string | number | boolean>, connection: Connection): string {
  const { trust, credentialParameters } = connection.protocol;
  const base = new URL(trust.baseUrl);
  const below = base.pathname.replace(/\/+$/, '');
  // Whole URLs and `//host` would leave the base URL; a fragment never reaches a server.
  if (/^[a-z][a-z0-9+.-]*:/i.test(path) || path.startsWith('//') || path.includes('\\') || path.includes('#')) {
    throw invalid(['submit.path: must be a path below the base URL of the connection']);
  }
  const joined = `${base.origin}${below}/${path.replace(/^\//, '')}`;
  if (!URL.canParse(joined)) throw invalid(['submit.path: is not a path']);
  const url = new URL(joined);
  if (url.origin !== base.origin || !(url.pathname === below || url.pathname.startsWith(`${below}/`))) {
    throw invalid(['submit.path: must stay below the base URL of the connection']);
  }
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
  const secret = new Set(credentialParameters.map((name) => name.toLowerCase()));
  const refused = [...new Set(url.searchParams.keys())].filter((name) => secret.has(name.toLowerCase()));
  if (refused.length > 0) {
    throw invalid(refused.map((name) => `submit.query.${name}: carries credentials, which come from the worker's connection only`));
  }
  return url.toString();
}

/** The header in which this very connection sends its key is refused too. */
function ownCredentialHeaders(headers: Record<string, string> | undefined, connection: Connection, field: string): string[] {
  const own = connection.keyHeader?.toLowerCase();
  return Object.keys(headers ?? {})
    .filter((name) => name.toLowerCase() === own)
    .map((name) => `${field}.${name}: carries credentials, which come from the worker's connection only`);
}

function invalid(mistakes: string[]): Error {
  return typedFailure({ type: 'InvalidInput', message: listed(mistakes) });
}
