/**
 * The keys that payloads are encrypted with, as people write them:
 *
 *     current: 2026-11
 *     keys:
 *       2026-11: <base64 of 32 bytes>
 *       2026-08: <base64 of 32 bytes>
 *
 * Keeps true:
 * 1. Every mistake is named, and no message repeats a key, nor what may be one.
 * 2. No two ids have the same key. So what is decrypted was encrypted under the id that it names: under another one its tag is wrong.
 */
import { createSecretKey, type KeyObject } from 'node:crypto';
import { isMap, parseDocument } from 'yaml';
import { z } from 'zod';
import { ConfigError } from '../config/mistakes';
import { strictObject } from '../config/strict-object';

/** One to encrypt with, and all that are known to decrypt with, by id. */
export interface Keys {
  current: string;
  known: ReadonlyMap<string, KeyObject>;
}

const KEY_BYTES = 32;
const MAX_TEXT_BYTES = 65_536;
const MAX_KEYS = 100;
/** An id is in the clear beside every payload, and makes each as much longer. */
const KEY_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const ID_RULE = 'must be 1 to 64 letters, digits, ".", "_" or "-"';
const EXAMPLE = '{ current: <id>, keys: { <id>: <base64 of 32 bytes> } }';
const MAKE_ONE = '"openssl rand -base64 32" makes one';

const file = strictObject(
  {
    current: z.string({ error: 'must be the id of the key to encrypt with, as text' }).regex(KEY_ID, ID_RULE),
    keys: z.record(z.string(), z.string({ error: `must be text: ${KEY_BYTES} bytes in base64; ${MAKE_ONE}` }), {
      error: 'must be a map from id to key',
    }),
  },
  `must be ${EXAMPLE}`,
);

/**
 * Reads keys from YAML or JSON.
 * @param source what the text is, as messages call it: the name of a file or of a variable
 * @throws ConfigError with every mistake
 */
export function parseKeys(text: string, source: string): Keys {
  const fail = (mistakes: readonly string[]): never => {
    throw new ConfigError(mistakes.map((mistake) => `${source}: ${mistake}`));
  };
  if (Buffer.byteLength(text) > MAX_TEXT_BYTES) fail([`must be at most ${MAX_TEXT_BYTES} bytes`]);
  // Pretty errors would quote the text. Without a schema numbers stay text: an id like 2026.10 keeps its 0.
  const document = parseDocument(text, { prettyErrors: false, schema: 'failsafe' });
  // The parser's own words may repeat what is written there.
  if (document.errors.length > 0) fail([`is not YAML or JSON (${document.errors[0]?.code ?? 'error'}); it must be ${EXAMPLE}`]);
  if (!isMap(document.contents)) fail([`must be ${EXAMPLE}`]);
  const read = file.safeParse(plainOf(document, fail));
  if (!read.success) return fail(read.error.issues.flatMap(mistakesOf));
  const { current, keys } = read.data;
  const { known, mistakes } = keysOf(keys);
  if (!Object.hasOwn(keys, current)) mistakes.push(`current: names "${current}", which is not among the keys`);
  return mistakes.length > 0 ? fail(mistakes) : { current, known };
}

function plainOf(document: ReturnType<typeof parseDocument>, fail: (mistakes: readonly string[]) => never): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch {
    return fail([`must not have anchors and aliases; it must be ${EXAMPLE}`]);
  }
}

function mistakesOf({ path, message }: z.core.$ZodIssue): string[] {
  // An entry of `keys` whose name is no id may have its key as its name.
  const [first, id] = path.map(String);
  const isNamed = id === undefined || KEY_ID.test(id);
  const place = [first, isNamed ? id : '(an id that cannot be one)'].filter((part) => part !== undefined).join('.');
  const lines = message
    .split('\n')
    .map((line) => (/unknown|not a known/i.test(line) ? 'has an entry that is neither "current" nor "keys"' : line));
  return lines.map((line) => (place === '' ? line : `${place}: ${line}`));
}

function keysOf(written: Record<string, string>): { known: Map<string, KeyObject>; mistakes: string[] } {
  const known = new Map<string, KeyObject>();
  const mistakes: string[] = [];
  const entries = Object.entries(written);
  if (entries.length === 0) mistakes.push('keys: must have at least one');
  if (entries.length > MAX_KEYS) return { known, mistakes: [`keys: must be at most ${MAX_KEYS}, got ${entries.length}`] };
  for (const [position, [id, base64]] of entries.entries()) {
    if (!KEY_ID.test(id)) {
      mistakes.push(`keys: the id of number ${position + 1} ${ID_RULE}`);
      continue;
    }
    const key = keyOf(base64);
    if (typeof key === 'string') {
      mistakes.push(`keys.${id}: ${key}`);
      continue;
    }
    const twin = [...known].find(([, other]) => other.equals(key));
    if (twin === undefined) known.set(id, key);
    else mistakes.push(`keys.${id}: is the same key as "${twin[0]}"; each id must have a key of its own`);
  }
  return { known, mistakes };
}

/** @returns what is wrong where it is no key */
function keyOf(written: string): KeyObject | string {
  const text = written.trim();
  const bytes = Buffer.from(text, 'base64');
  // Node skips whatever is no base64.
  const isBase64 = /^[A-Za-z0-9+/_-]*={0,2}$/.test(text);
  if (!isBase64) return `must be ${KEY_BYTES} bytes in base64; ${MAKE_ONE}`;
  if (bytes.length !== KEY_BYTES) return `must be ${KEY_BYTES} bytes in base64, got ${bytes.length} bytes; ${MAKE_ONE}`;
  if (new Set(bytes).size < 8) return `must be ${KEY_BYTES} random bytes; ${MAKE_ONE}`;
  return createSecretKey(bytes);
}
