/** A connection as `lro init` is told of it, and the file that a worker reads. */
import { resolve } from 'node:path';
import { Document, isMap, type YAMLMap } from 'yaml';
import type { SecretRef } from '../../config';
import { UsageError } from './failures';

export const AUTH_KINDS = ['none', 'key-header', 'key-query', 'bearer', 'entra', 'sas'] as const;
export type AuthKind = (typeof AUTH_KINDS)[number];

/** Its fields are the flags of `lro init`. */
export interface NewConnection {
  connection: string;
  baseUrl: string;
  /** Absent: none. */
  auth?: AuthKind | undefined;
  keyName?: string | undefined;
  secretEnv?: string | undefined;
  secretFile?: string | undefined;
  scope?: string | undefined;
  tenantId?: string | undefined;
  clientId?: string | undefined;
  apiVersion?: string | undefined;
  dialect?: string | undefined;
}

export const DEFAULT_KEY_NAME = 'api-key';

/** The environment variable of a connection's secret where nobody names one: `MY_MAPS_KEY`. */
export function usualVariable(connection: string): string {
  const word = connection.toUpperCase().replace(/[^A-Z0-9]+/g, '_');
  return `${/^\d/.test(word) ? '_' : ''}${word}_KEY`;
}

/** Where the secret is; undefined where there is none. @throws UsageError */
export function secretOf({ connection, auth = 'none', secretEnv, secretFile, tenantId }: NewConnection): SecretRef | undefined {
  if (secretEnv !== undefined && secretFile !== undefined) throw new UsageError('--secret-env and --secret-file: give one of them');
  // Without an application of one's own, the surroundings have the credentials.
  const named = secretEnv !== undefined || secretFile !== undefined;
  const needed = auth !== 'none' && (auth !== 'entra' || tenantId !== undefined);
  if (!needed && named)
    throw new UsageError(`--secret-env and --secret-file: ${auth === 'entra' ? 'also need --tenant-id' : 'need --auth'}`);
  if (!needed) return undefined;
  return secretFile === undefined ? { env: secretEnv ?? usualVariable(connection) } : { file: resolve(secretFile) };
}

/** The whole file. @throws UsageError for flags that do not go together */
export function configText(connection: NewConnection): string {
  const { connection: name, baseUrl, apiVersion, dialect } = connection;
  const content = {
    baseUrl,
    ...(apiVersion === undefined ? {} : { query: { 'api-version': apiVersion } }),
    auth: authOf(connection),
    ...(dialect === undefined || dialect === 'azure' ? {} : { dialect }),
  };
  const document = new Document({ connections: { [name]: content } }, { aliasDuplicateObjects: false });
  document.commentBefore = ' Written by `lro init`. docs/configuration.md has all that can stand here; `lro config check` reads it.';
  const map = document.getIn(['connections', name], true) as YAMLMap;
  for (const key of ['query', 'auth']) {
    const inLine: unknown = map.get(key, true);
    if (isMap(inLine)) inLine.flow = true;
  }
  return document.toString({ lineWidth: 0 });
}

function authOf(connection: NewConnection): object {
  const { auth = 'none', keyName, scope, tenantId, clientId } = connection;
  const isKey = auth === 'key-header' || auth === 'key-query';
  if (keyName !== undefined && !isKey) throw new UsageError('--key-name: needs --auth key-header or --auth key-query');
  for (const [flag, value] of Object.entries({ '--scope': scope, '--tenant-id': tenantId, '--client-id': clientId }))
    if (value !== undefined && auth !== 'entra') throw new UsageError(`${flag}: needs --auth entra`);
  const value = secretOf(connection);
  if (isKey) return { type: 'key', in: auth === 'key-header' ? 'header' : 'query', name: keyName ?? DEFAULT_KEY_NAME, value };
  if (auth !== 'entra') return { type: auth, ...(value === undefined ? {} : { value }) };
  if (scope === undefined) throw new UsageError('--auth entra needs --scope, like https://atlas.microsoft.com/.default');
  if (tenantId !== undefined && clientId === undefined) throw new UsageError('--tenant-id also needs --client-id');
  const application = { ...(tenantId === undefined ? {} : { tenantId }), ...(clientId === undefined ? {} : { clientId }) };
  return { type: 'entra', scope, ...application, ...(value === undefined ? {} : { clientSecret: value }) };
}
