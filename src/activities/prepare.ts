/**
 * Activity `prepare`: checks an operation's input and completes it with what this worker's connection says, before any request.
 *
 * Keeps true: what is refused here was never sent; no value that may be a secret is repeated in a message.
 */
import { log } from '@temporalio/activity';
import type { BodyFile, OperationInput } from '../contract';
import type { Connection, Connections } from '../http';
import { idempotencyKey } from '../lro/idempotency';
import type { Monitor } from '../lro/monitor';
import { cancelUrl, urlBelow, urlProblem } from '../lro/paths';
import { apiVersionOf, lastSegment } from '../lro/status-url';
import { judgeUrl, masked, shown, withoutParameters } from '../lro/trust';
import { listed, typedFailure } from './failures';
import { headerMistakes, queryMistakes, routeMistakes } from '../schema/allow';
import { MAX_QUERY_PARAMETERS } from '../schema/bounds';
import { checkInput, type CheckedInput } from '../schema/operation';
import type { Identity, LearntSettings, PrepareRequest, Prepared, PreparedOperation } from './messages';

export interface PrepareDependencies {
  connections: Connections;
  /** What this worker knows of its namespace and of how it was set. */
  learn: () => Promise<LearntSettings>;
}

/** @throws ApplicationFailure `InvalidInput`, `UnknownConnection`, `UntrustedUrl` */
export function makePrepare({ connections, learn }: PrepareDependencies) {
  return async function prepare({ input, identity }: PrepareRequest): Promise<Prepared> {
    const { operation } = prepareOperation(input, connections, identity);
    log.debug('operation prepared', { title: operation.title });
    return { operation, settings: await learn() };
  };
}

/**
 * @param ownQuery query parameters that a built-in chain sets itself, whatever the connection says; in lower case
 * @throws ApplicationFailure `InvalidInput`, `UnknownConnection`, `UntrustedUrl`
 */
export function prepareOperation(
  input: OperationInput,
  connections: Connections,
  identity: Identity,
  ownQuery: readonly string[] = [],
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
  const cancelMistakes = mistakesOfCancel(value.cancel, connection);
  if (cancelMistakes.length > 0) throw invalid(cancelMistakes);
  const operation =
    value.submit === undefined ? prepareAttach(value, connection) : prepareSubmit(value, value.submit, connection, identity, ownQuery);
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
  ownQuery: readonly string[],
): PreparedOperation {
  const method = request.method ?? 'POST';
  const url = submitUrl(request.path, request.query ?? {}, connection);
  const mistakes = [
    ...ownCredentialHeaders(request.headers, connection, 'submit.headers'),
    ...routeMistakes('submit', { method, url }, connection.config),
    ...queryMistakes('submit', url, connection.config, ownQuery),
    ...headerMistakes('submit', request.headers, connection.config),
  ];
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
    const problem = urlProblem(url, trust.baseUrl, text);
    if (problem !== undefined) throw invalid([`attach.${field}: ${problem}`]);
    const verdict = judgeUrl(url, trust);
    if (verdict.kind === 'refused') {
      throw typedFailure({ type: 'UntrustedUrl', message: `attach.${field} ${shown(url)} refused: ${verdict.reason}`, statusUrl: url });
    }
    return url;
  };
  const statusUrl = absolute(request.statusUrl, 'statusUrl');
  const requestUrl = request.requestUrl === undefined ? undefined : absolute(request.requestUrl, 'requestUrl');
  const urls = [
    ['attach.statusUrl', statusUrl] as const,
    ...(requestUrl === undefined ? [] : [['attach.requestUrl', requestUrl] as const]),
  ];
  const mistakes = urls.flatMap(([field, url]) => [
    ...routeMistakes(field, { method: 'GET', url }, connection.config),
    // The service's own URLs carry the version that they were made with.
    ...queryMistakes(field, url, connection.config, ['api-version']),
  ]);
  mistakes.push(
    ...ownCredentialHeaders(request.headers, connection, 'attach.headers'),
    ...headerMistakes('attach', request.headers, connection.config),
  );
  if (mistakes.length > 0) throw invalid(mistakes);
  const method = request.method ?? 'POST';
  const viaOriginal =
    value.finalStateVia === 'original-uri' || (value.finalStateVia === undefined && (method === 'PUT' || method === 'PATCH'));
  const apiVersion = apiVersionOf(statusUrl) ?? (requestUrl === undefined ? undefined : apiVersionOf(requestUrl));
  const monitor: Monitor = {
    connection: value.connection,
    statusUrl,
    shownUrl: masked(statusUrl),
    style: statusUrl === requestUrl ? 'resource' : 'unknown',
    ...(statusUrl === requestUrl ? {} : { operationId: lastSegment(statusUrl) }),
    ...(viaOriginal && requestUrl !== undefined && requestUrl !== statusUrl
      ? { finalUrl: requestUrl, ...(value.finalStateVia === undefined ? {} : { finalUrlIsChosen: true }) }
      : {}),
    ...(value.finalStateVia === 'operation-location' || value.finalStateVia === 'azure-async-operation' ? { mayFetch: false } : {}),
    ...(apiVersion === undefined ? {} : { apiVersion }),
    ...(request.headers === undefined ? {} : { headers: request.headers }),
    ...(value.fetchResource ? { fetchResource: true } : {}),
    acceptedAtMs: Date.now(),
  };
  return { ...common(value, connection, 'follow', statusUrl), attach: monitor };
}

/** The absolute URL of a submit: below the base URL, with the caller's query, without anything that carries credentials. */
function submitUrl(path: string, query: Record<string, string | number | boolean>, connection: Connection): string {
  const { trust, credentialParameters } = connection.protocol;
  const below = urlBelow(path, trust.baseUrl);
  if ('problem' in below) throw invalid([`submit.path: ${below.problem}`]);
  const url = new URL(below.url);
  // Each of them is set anew: too many would take time by their square.
  if (url.searchParams.size + Object.keys(query).length > MAX_QUERY_PARAMETERS) {
    throw invalid([`submit.query: must be at most ${MAX_QUERY_PARAMETERS} query parameters, with those of the path`]);
  }
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
  const secret = new Set(credentialParameters.map((name) => name.toLowerCase()));
  const refused = [...new Set(url.searchParams.keys())].filter((name) => secret.has(name.toLowerCase()));
  if (refused.length > 0) {
    throw invalid(refused.map((name) => `submit.query.${name}: carries credentials, which come from the worker's connection only`));
  }
  return url.toString();
}

/** What is wrong with a cancel as far as it is known before there is an operation: its templates are filled in with what says nothing. */
function mistakesOfCancel(cancel: CheckedInput['cancel'], { config }: Connection): string[] {
  if (cancel === undefined) return [];
  const { baseUrl } = config;
  const made = cancelUrl({ statusUrl: `${baseUrl.replace(/\/+$/, '')}/0`, operationId: '0' }, cancel, baseUrl);
  if ('problem' in made) return [`cancel.path: ${made.problem}`];
  // Where the service will have its status URL, nobody knows yet: judged when it is sent.
  const { methods } = config.allow;
  const rules = cancel.path.includes('{statusPath}') ? { ...config, allow: { ...(methods === undefined ? {} : { methods }) } } : config;
  return [
    ...routeMistakes('cancel', { method: cancel.method ?? 'POST', url: made.url }, rules),
    ...queryMistakes('cancel', made.url, config),
  ];
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
