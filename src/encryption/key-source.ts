/**
 * Where keys come from: a file that is read again when it changes, or text that stays.
 *
 *     in use ──the file is another one──▶ right: in use from now on
 *                                         wrong: said once, the keys before stay in use
 *
 * Keeps true:
 * 1. It looks only when keys are asked for, so it needs no timer, and at most every {@link LOOK_EVERY_MS}, so a busy worker does not feel it.
 * 2. An id that is not known is looked for in the file at once: who gets a payload with a new key has read it before it gives up.
 */
import type { KeyObject } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { ConfigError } from '../config/mistakes';
import { whyUnreadable } from '../text/reason';
import { parseKeys, type Keys } from './keys';

const KEYS_FILE_VARIABLE = 'LRO_ENCRYPTION_KEYS_FILE';
const KEYS_VARIABLE = 'LRO_ENCRYPTION_KEYS';

/** Between two looks at the file. */
const LOOK_EVERY_MS = 2000;
/** The same for ids that are not known: whoever sends them does not decide how often the file is read. */
const SEEK_EVERY_MS = 250;
const MAX_FILE_BYTES = 65_536;
/** Ids that were missed and said so; beyond that nobody keeps count. */
const MAX_MISSED = 100;

/** What happens to keys, for a log. Nothing of it is secret. */
export interface KeyEvents {
  /** Another file is in use. */
  changed?(keys: Keys): void;
  /** The file is wrong, and the keys before it stay in use. Once for each version of the file. */
  refused?(mistakes: readonly string[]): void;
  /** A payload needs a key that is not known. Once for each id. */
  missed?(keyId: string, message: string): void;
}

export class KeySource {
  /** What was wrong with the file last. */
  private refusal = '';
  private lookAtMs = 0;
  private seekAtMs = 0;
  private readonly missed = new Set<string>();

  private constructor(
    private keys: Keys | undefined,
    /** Absent: they stay as they are. */
    private readonly file: { path: string; text: string } | undefined,
    private readonly events: KeyEvents,
  ) {}

  /** Keys in a file, YAML or JSON. @throws ConfigError with every mistake */
  static ofFile(path: string, events: KeyEvents = {}): KeySource {
    const text = readKeysFile(path);
    const source = new KeySource(parseKeys(text, path), { path, text }, events);
    source.lookAtMs = performance.now() + LOOK_EVERY_MS;
    return source;
  }

  /** Keys as text, YAML or JSON. @param name of the text in messages @throws ConfigError with every mistake */
  static ofText(text: string, name: string = KEYS_VARIABLE, events: KeyEvents = {}): KeySource {
    return new KeySource(parseKeys(text, name), undefined, events);
  }

  /** Nothing is encrypted, and of what is it is said which key it needs. */
  static none(events: KeyEvents = {}): KeySource {
    return new KeySource(undefined, undefined, events);
  }

  /** Whether what is sent from here is encrypted. Never changes. */
  get encrypts(): boolean {
    return this.keys !== undefined;
  }

  /** What to encrypt with; undefined: nothing is encrypted. */
  get current(): { id: string; key: KeyObject } | undefined {
    if (performance.now() >= this.lookAtMs) this.reload();
    const id = this.keys?.current ?? '';
    const key = this.keys?.known.get(id);
    return key && { id, key };
  }

  /** Ids of all that are known. */
  get ids(): string[] {
    return [...(this.keys?.known.keys() ?? [])];
  }

  /** Of an id; undefined where it is not known. */
  find(id: string): KeyObject | undefined {
    const known = this.keys?.known.get(id);
    if (known !== undefined || this.file === undefined) return known;
    const nowMs = performance.now();
    if (nowMs >= this.seekAtMs) {
      this.seekAtMs = nowMs + SEEK_EVERY_MS;
      this.reload();
    }
    return this.keys?.known.get(id);
  }

  /** Says that a key is missed, the first time. */
  miss(id: string, message: string): void {
    if (this.missed.has(id) || this.missed.size >= MAX_MISSED) return;
    this.missed.add(id);
    this.events.missed?.(id, message);
  }

  /** Reads the file again now, at SIGHUP for example. Never throws. */
  reload(): void {
    const { file } = this;
    if (file === undefined) return;
    try {
      this.lookAtMs = performance.now() + LOOK_EVERY_MS;
      const text = readKeysFile(file.path);
      if (text === file.text) return;
      file.text = text;
      this.keys = parseKeys(text, file.path);
      this.missed.clear();
      this.events.changed?.(this.keys);
    } catch (err) {
      this.refuse(err instanceof ConfigError ? err.mistakes : [`${file.path}: cannot be read`]);
    }
  }

  private refuse(mistakes: readonly string[]): void {
    const said = mistakes.join('\n');
    if (said === this.refusal) return;
    this.refusal = said;
    this.events.refused?.(mistakes);
  }
}

/**
 * Keys as the environment names them: `LRO_ENCRYPTION_KEYS_FILE` or `LRO_ENCRYPTION_KEYS`; none where it names none.
 * @throws ConfigError with every mistake
 */
export function keysOfEnvironment(env: NodeJS.ProcessEnv = process.env, events: KeyEvents = {}): KeySource {
  const path = env[KEYS_FILE_VARIABLE] ?? '';
  const text = env[KEYS_VARIABLE] ?? '';
  if (path !== '' && text !== '')
    throw new ConfigError([`${KEYS_FILE_VARIABLE}: must not be set beside ${KEYS_VARIABLE}; set one of them`]);
  if (path !== '') return KeySource.ofFile(path, events);
  return text === '' ? KeySource.none(events) : KeySource.ofText(text, KEYS_VARIABLE, events);
}

/** @throws ConfigError */
function readKeysFile(path: string): string {
  try {
    // What is no file, a device say, may have no end.
    const { size } = regularFile(path);
    if (size > MAX_FILE_BYTES) throw new ConfigError([`${path}: must be at most ${MAX_FILE_BYTES} bytes`]);
    return readFileSync(path, 'utf8');
  } catch (err) {
    if (err instanceof ConfigError) throw err;
    throw new ConfigError([`${path}: the file with encryption keys ${whyUnreadable(err)} (${KEYS_FILE_VARIABLE})`]);
  }
}

function regularFile(path: string): { size: number } {
  const found = statSync(path);
  if (!found.isFile())
    throw new ConfigError([`${path}: the file with encryption keys is a folder or a device, not a file (${KEYS_FILE_VARIABLE})`]);
  return found;
}
