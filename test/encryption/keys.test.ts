/** Keys as people write them: every mistake is named, and no message has a key in it. The file is read again when it changes. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { stringify } from 'yaml';
import { ConfigError } from '../../src/config';
import { KeySource, keysOfEnvironment, type KeyEvents } from '../../src/encryption';
import { parseKeys } from '../../src/encryption/keys';
import { temporaryFolder } from '../support/config';
import { eventually } from '../support/eventually';

const key = (): string => randomBytes(32).toString('base64');
const [A, B] = [key(), key()];

function mistakesOf(text: string): readonly string[] {
  try {
    parseKeys(text, 'keys.yaml');
  } catch (err) {
    if (err instanceof ConfigError) return err.mistakes;
    throw err;
  }
  return [];
}

test('YAML and JSON are read, and an id that looks like a number stays as it is written', () => {
  const yaml = parseKeys(`current: 2026.10\nkeys:\n  2026.10: ${A}\n  2026.1: "${B}"\n`, 'keys.yaml');
  expect(yaml.current).toBe('2026.10');
  expect([...yaml.known.keys()]).toEqual(['2026.10', '2026.1']);
  expect(yaml.known.get('2026.10')?.export().toString('base64')).toBe(A);
  expect(parseKeys(JSON.stringify({ current: 'b', keys: { a: A, b: B } }), 'keys').current).toBe('b');
});

const SHORT = randomBytes(16).toString('base64');
const LONG_ID = 'x'.repeat(65);
test.each<[string, string, RegExp[]]>([
  ['nothing', '', [/^keys\.yaml: must be \{ current/]],
  ['a list', '[1]', [/must be \{ current/]],
  ['no YAML', `current: a\n  keys: {a: "${A}"`, [/is not YAML or JSON/]],
  ['no current', stringify({ keys: { a: A } }), [/current: must be the id/]],
  ['an unknown current', stringify({ current: 'c', keys: { a: A } }), [/current: names "c", which is not among the keys/]],
  ['no keys', 'current: a\nkeys: {}', [/keys: must have at least one/, /current: names "a"/]],
  [
    'a short key',
    stringify({ current: 'a', keys: { a: SHORT } }),
    [/keys\.a: must be 32 bytes in base64, got 16 bytes; "openssl rand -base64 32"/],
  ],
  ['no base64', stringify({ current: 'a', keys: { a: `${A.slice(0, 40)}!!!` } }), [/keys\.a: must be 32 bytes in base64; /]],
  ['no random bytes', stringify({ current: 'a', keys: { a: Buffer.alloc(32).toString('base64') } }), [/keys\.a: must be 32 random bytes/]],
  ['one key twice', stringify({ current: 'a', keys: { a: A, b: A } }), [/keys\.b: is the same key as "a"/]],
  ['a long id', stringify({ current: 'a', keys: { a: A, [LONG_ID]: B } }), [/keys: the id of number 2 must be 1 to 64 letters/]],
  ['key and id exchanged', stringify({ current: 'a', keys: { a: A, [B]: 'b' } }), [/keys: the id of number 2 must be 1 to 64/]],
  [
    'a key that stands outside',
    stringify({ current: 'a', keys: { a: A }, [B]: 'b' }),
    [/has an entry that is neither "current" nor "keys"/],
  ],
  ['a list as key', stringify({ current: 'a', keys: { a: [A] } }), [/keys\.a: must be text/]],
  ['a list as key of no id', stringify({ current: 'a', keys: { a: A, [B]: [A] } }), [/keys\.\(an id that cannot be one\): must be text/]],
  ['aliases', `current: a\nkeys: {a: &a "${A}", b: *a}`, [/must not have anchors and aliases/]],
  [
    'too many',
    stringify({ current: 'k0', keys: Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`k${n}`, key()])) }),
    [/must be at most 100, got 101/],
  ],
  ['too long', `current: a # ${'x'.repeat(70_000)}`, [/must be at most 65536 bytes/]],
])('refused: %s', (_what, text, expected) => {
  const mistakes = mistakesOf(text);
  expect(mistakes).toEqual(expected.map((pattern) => expect.stringMatching(pattern) as string));
  for (const secret of [A, B, SHORT, A.slice(0, 40)]) expect(mistakes.join('\n')).not.toContain(secret);
});

test('nothing that is logged of keys has a key in it', () => {
  const source = KeySource.ofText(stringify({ current: 'a', keys: { a: A, b: B } }));
  const written =
    inspect([source, parseKeys(stringify({ current: 'a', keys: { a: A } }), 'k')], { depth: 10, showHidden: true }) +
    JSON.stringify(source);
  const forms = (base64: string): string[] => [base64, Buffer.from(base64, 'base64').toString('hex')];
  for (const form of [A, B].flatMap(forms)) expect(written).not.toContain(form);
});

test('the environment names a file or has the keys, and not both', () => {
  const path = join(temporaryFolder(), 'keys.yaml');
  const text = stringify({ current: 'a', keys: { a: A } });
  writeFileSync(path, text);
  expect(keysOfEnvironment({}).encrypts).toBe(false);
  expect(keysOfEnvironment({}).current).toBeUndefined();
  expect(keysOfEnvironment({ LRO_ENCRYPTION_KEYS: text }).current?.id).toBe('a');
  expect(keysOfEnvironment({ LRO_ENCRYPTION_KEYS_FILE: path }).current?.id).toBe('a');
  const both = { LRO_ENCRYPTION_KEYS: text, LRO_ENCRYPTION_KEYS_FILE: path };
  expect(() => keysOfEnvironment(both)).toThrow('LRO_ENCRYPTION_KEYS_FILE: must not be set beside LRO_ENCRYPTION_KEYS');
  expect(() => keysOfEnvironment({ LRO_ENCRYPTION_KEYS_FILE: `${path}.x` })).toThrow('the file with encryption keys does not exist');
  expect(() => keysOfEnvironment({ LRO_ENCRYPTION_KEYS_FILE: temporaryFolder() })).toThrow('is a folder or a device, not a file');
});

test('a changed file is in use without anybody saying so; a wrong one is refused once, and the keys before stay', async () => {
  const path = join(temporaryFolder(), 'keys.yaml');
  writeFileSync(path, stringify({ current: 'a', keys: { a: A } }));
  const events = { changed: jest.fn(), refused: jest.fn(), missed: jest.fn() } satisfies KeyEvents;
  const source = KeySource.ofFile(path, events);
  expect(source.find('b')).toBeUndefined();
  source.miss('b', 'the key is missing');
  source.miss('b', 'the key is missing');
  expect(events.missed).toHaveBeenCalledTimes(1);
  expect(events.missed).toHaveBeenCalledWith('b', 'the key is missing');

  writeFileSync(path, 'current: b');
  source.reload();
  source.reload();
  expect(events.refused).toHaveBeenCalledTimes(1);
  expect(source.current?.id).toBe('a');

  writeFileSync(path, stringify({ current: 'b', keys: { a: A, b: B } }));
  await eventually(
    () => source.current?.id,
    (id) => id === 'b',
  );
  expect(source.ids).toEqual(['a', 'b']);
  expect(events.changed).toHaveBeenCalledTimes(1);

  // A key that is needed is looked for at once.
  const C = key();
  writeFileSync(path, stringify({ current: 'b', keys: { a: A, b: B, c: C } }));
  const found = await eventually(
    () => source.find('c'),
    (known) => known !== undefined,
    2,
  );
  expect(found?.export().toString('base64')).toBe(C);
});
