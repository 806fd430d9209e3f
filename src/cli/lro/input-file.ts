/** Inputs from files and flags: YAML or JSON, and the small forms in which flags write values. */
import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import type { FileRef, Json } from '../../contract';
import { reasonOf, utf8TextOf, whyUnreadable } from '../../text/reason';
import { UsageError } from './failures';

/**
 * A map of YAML (or JSON, which is YAML too).
 * @param what is parsed, as messages call it
 */
export function parseMap(written: string, what: string): Record<string, unknown> {
  const document = parseDocument(written);
  const problem = document.errors[0]?.message.split('\n')[0]?.replace(/:$/, '');
  if (problem !== undefined) throw new UsageError(`${what} is not YAML or JSON: ${problem}`);
  const value: unknown = document.toJS();
  if (value === null) throw new UsageError(`${what} is empty: it must be an object, such as "connection: maps"`);
  if (typeof value !== 'object' || Array.isArray(value))
    throw new UsageError(`${what} must be an object, such as "connection: maps", but is a ${Array.isArray(value) ? 'list' : typeof value}`);
  return value as Record<string, unknown>;
}

/** A map of YAML or JSON from a file. @param path `-` is standard input @throws UsageError */
export function readMap(path: string): Record<string, unknown> {
  return parseMap(readText(path), nameOf(path));
}

/** Any JSON value from a file. @param path `-` is standard input @throws UsageError */
export function readJson(path: string): Json {
  return jsonOf(nameOf(path), readText(path));
}

function nameOf(path: string): string {
  return path === '-' ? 'standard input' : path;
}

function readText(path: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path === '-' ? 0 : path);
  } catch (err) {
    throw new UsageError(`${nameOf(path)} ${whyUnreadable(err)}; name the file with the input, or - for standard input`);
  }
  const text = utf8TextOf(bytes);
  if (text === undefined) throw new UsageError(`${nameOf(path)} is not text in UTF-8; save it in that encoding`);
  return text;
}

/** What a flag names: a URL, or a path on the worker's machine. */
export function fileRef(written: string): FileRef {
  return /^https?:\/\//i.test(written) ? { url: written } : { path: written };
}

/**
 * `name=value` of flags that may be given several times.
 * @param separator `=` or `:`; spaces around it are left out
 * @throws UsageError
 */
export function pairsOf(flag: string, written: readonly string[] | undefined, separator = '='): Record<string, string> | undefined {
  if (written === undefined) return undefined;
  return Object.fromEntries(
    written.map((pair) => {
      const at = pair.indexOf(separator);
      if (at < 1) throw new UsageError(`${flag} ${pair}: must be written as name${separator}value`);
      return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
    }),
  );
}

/** Any JSON value. @param what is parsed, as messages call it @throws UsageError */
export function jsonOf(what: string, written: string): Json {
  try {
    return JSON.parse(written) as Json;
  } catch (err) {
    throw new UsageError(`${what} is not JSON: ${reasonOf(err)}`);
  }
}

/** Without the fields that no flag was given for. */
export function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as T;
}
