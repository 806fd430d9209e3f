/**
 * URLs that callers name in their inputs, made absolute and judged before anything is sent.
 *
 * Keeps true: what comes out lies where the connection's entry of the worker's file lets callers go; no value that may be a secret is
 * repeated in a message.
 */
import type { Connection } from '../http';
import { cancelUrl, urlBelow, urlProblem } from '../lro/paths';
import { judgeCallerUrl, shown, withoutParameters } from '../lro/trust';
import { queryMistakes, routeMistakes } from '../schema/allow';
import { MAX_QUERY_PARAMETERS } from '../schema/bounds';
import type { CheckedInput } from '../schema/operation';
import { listed, typedFailure } from './failures';

/**
 * The absolute URL of a submit: below the base URL, with the caller's query, without anything that carries credentials.
 * @throws ApplicationFailure `InvalidInput`
 */
export function submitUrl(path: string, query: Record<string, string | number | boolean>, { protocol, config }: Connection): string {
  const below = urlBelow(path, config.baseUrl);
  if ('problem' in below) throw invalid([`submit.path: ${below.problem}`]);
  const url = new URL(below.url);
  // Each of them is set anew: too many would take time by their square.
  if (url.searchParams.size + Object.keys(query).length > MAX_QUERY_PARAMETERS) {
    throw invalid([`submit.query: must be at most ${MAX_QUERY_PARAMETERS} query parameters, with those of the path`]);
  }
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
  const secret = new Set(protocol.credentialParameters.map((name) => name.toLowerCase()));
  const refused = [...new Set(url.searchParams.keys())].filter((name) => secret.has(name.toLowerCase()));
  if (refused.length > 0) {
    throw invalid(refused.map((name) => `submit.query.${name}: carries credentials, which come from the worker's connection only`));
  }
  return url.toString();
}

/**
 * The absolute URL of something to attach to, without the connection's credential parameters.
 * @throws ApplicationFailure `InvalidInput`, `UntrustedUrl`
 */
export function attachedUrl(field: 'attach.statusUrl' | 'attach.requestUrl', text: string, connection: Connection): string {
  const { config, protocol } = connection;
  const base = config.baseUrl.endsWith('/') ? config.baseUrl : `${config.baseUrl}/`;
  // Bare words would be taken for paths.
  if (!/^(https?:|[/?])/i.test(text) || !URL.canParse(text, base)) throw invalid([`${field}: must be an http(s) URL, or start with "/"`]);
  const url = withoutParameters(new URL(text, base).toString(), protocol.credentialParameters);
  const problem = urlProblem(url, config.baseUrl, text);
  if (problem !== undefined) throw invalid([`${field}: ${problem}`]);
  const verdict = judgeCallerUrl(url, protocol.trust);
  if (verdict.kind === 'refused') {
    throw typedFailure({ type: 'UntrustedUrl', message: `${field} ${shown(url)} refused: ${verdict.reason}`, statusUrl: url });
  }
  const mistakes = [
    ...routeMistakes(field, { method: 'GET', url }, config),
    // The service's own URLs carry the version that they were made with.
    ...queryMistakes(field, url, config, ['api-version']),
  ];
  if (mistakes.length > 0) throw invalid(mistakes);
  return url;
}

/**
 * Checks a cancel as far as it is known before there is an operation: its templates are filled in with what says nothing. Whether its host is
 * trusted is judged when it is sent (`cancel.ts`).
 * @throws ApplicationFailure `InvalidInput`
 */
export function checkCancel(cancel: CheckedInput['cancel'], { config }: Connection): void {
  if (cancel === undefined) return;
  const { baseUrl, allow } = config;
  const made = cancelUrl({ statusUrl: `${baseUrl.replace(/\/+$/, '')}/0`, operationId: '0' }, cancel, baseUrl);
  if ('problem' in made) throw invalid([`cancel.path: ${made.problem}`]);
  // Where the service will have its status URL, nobody knows yet: that is judged when the cancel is sent.
  const rules = cancel.path.includes('{statusPath}') ? { ...config, allow: { ...allow, paths: undefined } } : config;
  const mistakes = [
    ...routeMistakes('cancel', { method: cancel.method ?? 'POST', url: made.url }, rules),
    ...queryMistakes('cancel', made.url, config),
  ];
  if (mistakes.length > 0) throw invalid(mistakes);
}

/** A typed failure with every mistake. */
export function invalid(mistakes: string[]): Error {
  return typedFailure({ type: 'InvalidInput', message: listed(mistakes) });
}
