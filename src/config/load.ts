/**
 * Reads the worker's file, `LRO_CONFIG`.
 *
 * Keeps true: a file is taken whole or not at all, and every mistake in it is named at once, with its place.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { LineCounter, isMap, isScalar, parseDocument, type Document } from 'yaml';
import { ALWAYS_CUT_PARAMETERS } from './names';
import { crossMistakes } from './cross-checks';
import { ConfigError, lineOf, mistakesOf, placeOf, type Source } from './mistakes';
import { exposedMistakes } from './exposed-files';
import { utf8TextOf, whyUnreadable } from '../text/reason';
import { fileHashOf } from './file-version';
import { configSchema, type ConnectionContent } from './schema';
import { DEFAULT_STATUS_URLS, IDEMPOTENCY_HEADERS } from '../lro/settings';
import type { ConnectionConfig, LroConfig } from './types';

/**
 * The configuration in the YAML file at `path`. Relative paths in it start at its own folder.
 *
 * @param env where `{ env: NAME }` is looked up; a secret of a connection that is not there yet is no mistake.
 * @throws ConfigError that lists every mistake, one a line.
 */
export function loadConfig(path: string, env: NodeJS.ProcessEnv = process.env): LroConfig {
  const lines = new LineCounter();
  // Pretty errors would quote the file, and with it whatever secret somebody wrote there.
  const bytes = readBytes(path);
  const text = utf8TextOf(bytes);
  if (text === undefined) throw new ConfigError([`${path}: is not text in UTF-8; save it in that encoding`]);
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const source: Source = { path, document, lines };
  if (document.errors.length > 0) {
    throw new ConfigError(document.errors.map((error) => `${placeOf(source, error.pos[0])} is not YAML: ${firstLine(error.message)}`));
  }
  keepNumbersAsWritten(document);
  const file = contentOf(source);

  const folder = dirname(resolve(path));
  const parsed = configSchema({ env, resolvePath: (relative) => resolve(folder, relative) }).safeParse(file);
  const exposed = parsed.success ? exposedMistakes(path, parsed.data) : mistakesOf(parsed.error.issues);
  const mistakes = [...exposed, ...crossMistakes(file)];
  if (!parsed.success || mistakes.length > 0) {
    throw new ConfigError([...new Set(mistakes.map((mistake) => lineOf(source, file, mistake)))]);
  }
  const { connections, files, webhooks } = parsed.data;
  return {
    connections: Object.fromEntries(Object.entries(connections).map(([name, content]) => [name, connectionOf(name, content)])),
    files,
    ...(webhooks === undefined ? {} : { webhooks }),
    fileHash: fileHashOf(bytes),
  };
}

function readBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new ConfigError([
      `${path === '' ? '""' : path}: the file with the worker's connections ${whyUnreadable(error)}; write one ("lro init"), or name another with LRO_CONFIG`,
    ]);
  }
}

/** `api-version: 2.0` means the text "2.0", not the number 2: the service compares letters. */
function keepNumbersAsWritten(document: Document.Parsed): void {
  const connections = document.get('connections', true);
  if (!isMap(connections)) return;
  for (const { value: connection } of connections.items) {
    if (!isMap(connection)) continue;
    for (const key of ['query', 'headers']) {
      const entries = connection.get(key, true);
      if (!isMap(entries)) continue;
      for (const { value } of entries.items) {
        if (isScalar(value) && (typeof value.value === 'number' || typeof value.value === 'boolean'))
          value.value = value.source ?? String(value.value);
      }
    }
  }
}

function contentOf(source: Source): unknown {
  try {
    return source.document.toJS();
  } catch (error) {
    // Aliases that multiply beyond all measure.
    throw new ConfigError([`${source.path}:1:1 cannot be read: ${firstLine(error instanceof Error ? error.message : String(error))}`]);
  }
}

/** Of a program that embeds a worker. @throws TypeError for what is none */
export function requireConfig(config: unknown): asserts config is LroConfig {
  if (typeof config === 'object' && config !== null && 'connections' in config) return;
  throw new TypeError(
    `config: must be what loadConfig(path) returns, ${config === undefined ? 'but is missing' : `got a value of type ${typeof config}`}`,
  );
}

function firstLine(message: string): string {
  return message.split('\n')[0] ?? message;
}

function connectionOf(name: string, content: ConnectionContent): ConnectionConfig {
  const { poll, statusHeaders, statusWords, statusUrls, dialect, idempotencyHeaders, trustedHosts, attachHosts, otherHosts, ...others } =
    content;
  const { find = dialect?.find, ...asWritten } = others;
  const { baseUrl, auth } = asWritten;
  const ownParameter = auth.type === 'key' && auth.in === 'query' ? [auth.name] : [];
  return {
    name,
    ...asWritten,
    protocol: {
      poll,
      statusHeaders,
      statusWords,
      statusUrls: {
        ...statusUrls,
        credentials: statusUrls.credentials ?? dialect?.statusUrls.credentials ?? DEFAULT_STATUS_URLS.credentials,
      },
      trust: { baseUrl, trustedHosts: trustedHosts ?? [new URL(baseUrl).hostname], attachHosts, otherHosts },
      credentialParameters: [...new Set([...ownParameter, ...ALWAYS_CUT_PARAMETERS])],
      // Azure's headers are unknown elsewhere.
      idempotencyHeaders: idempotencyHeaders ?? (dialect === undefined ? [...IDEMPOTENCY_HEADERS] : []),
      ...(dialect === undefined ? {} : { dialect }),
      ...(find === undefined ? {} : { find }),
    },
  };
}
