/**
 * Who may have payloads encrypted and decrypted: whoever has one of the tokens, in a header or in a cookie that was given for it.
 *
 * Keeps true:
 * 1. Tokens are compared in constant time, and never logged or sent back; the cookie does not contain one.
 * 2. A cookie is good for {@link SESSION_SECONDS}, and no longer than the token that it was given for.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ConfigError } from '../config';
import { whyUnreadable } from '../text/reason';

export const TOKEN_VARIABLE = 'LRO_CODEC_TOKEN';
export const TOKEN_FILE_VARIABLE = 'LRO_CODEC_TOKEN_FILE';
export const COOKIE = 'lro-codec';
/** A working day. */
export const SESSION_SECONDS = 12 * 3600;

const MIN_TOKEN_CHARS = 16;
const MAX_TOKEN_CHARS = 4096;
const MAX_TOKENS = 20;

export class Access {
  /** @param tokens any of them will do; none: everybody may */
  constructor(private readonly tokens: readonly string[]) {}

  get isOpen(): boolean {
    return this.tokens.length === 0;
  }

  /** @param authorization of the header: `Bearer <token>` @param cookies the header of cookies @param nowMs since 1970 */
  allows(authorization: string | undefined, cookies: string | undefined, nowMs: number): boolean {
    if (this.isOpen) return true;
    const bearer = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
    return (bearer !== undefined && this.isToken(bearer)) || this.isSession(cookieOf(cookies), nowMs);
  }

  isToken(given: string): boolean {
    // All are compared, so that the time does not tell which.
    return this.tokens.filter((token) => isSame(given, token)).length > 0;
  }

  /** Value of a cookie for a token. */
  session(token: string, nowMs: number): string {
    const until = Math.floor(nowMs / 1000) + SESSION_SECONDS;
    return `${until}.${signature(token, until)}`;
  }

  private isSession(value: string | undefined, nowMs: number): boolean {
    const [, until, signed = ''] = /^(\d{1,12})\.([\w-]{1,64})$/.exec(value ?? '') ?? [];
    if (until === undefined || Number(until) * 1000 <= nowMs) return false;
    return this.tokens.filter((token) => isSame(signed, signature(token, Number(until)))).length > 0;
  }
}

/**
 * The tokens that the environment names: one in `LRO_CODEC_TOKEN`, or one a line in the file `LRO_CODEC_TOKEN_FILE`.
 * @throws ConfigError
 */
export function tokensOf(env: NodeJS.ProcessEnv): string[] {
  const token = env[TOKEN_VARIABLE] ?? '';
  const path = env[TOKEN_FILE_VARIABLE] ?? '';
  if (token !== '' && path !== '')
    throw new ConfigError([`${TOKEN_FILE_VARIABLE}: must not be set beside ${TOKEN_VARIABLE}; set one of them`]);
  if (path === '') return token === '' ? [] : checked([token], TOKEN_VARIABLE);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (err) {
    throw new ConfigError([`${path}: the file with tokens ${whyUnreadable(err)} (${TOKEN_FILE_VARIABLE})`]);
  }
  const tokens = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (tokens.length === 0) throw new ConfigError([`${path}: has no token`]);
  return checked(tokens, path);
}

function checked(tokens: string[], source: string): string[] {
  if (tokens.length > MAX_TOKENS) throw new ConfigError([`${source}: must have at most ${MAX_TOKENS} tokens`]);
  const isWrong = (token: string): boolean =>
    token.length < MIN_TOKEN_CHARS || token.length > MAX_TOKEN_CHARS || /[^\x21-\x7e]/.test(token);
  const wrong = tokens.flatMap((token, index) => (isWrong(token) ? [index + 1] : []));
  const rule = `must be ${MIN_TOKEN_CHARS} to ${MAX_TOKEN_CHARS} visible characters; "openssl rand -hex 32" makes one`;
  if (wrong.length > 0) throw new ConfigError(wrong.map((number) => `${source}: ${tokens.length > 1 ? `token ${number} ` : ''}${rule}`));
  return tokens;
}

function signature(token: string, until: number): string {
  return createHmac('sha256', token).update(`lro codec-server session 1\n${until}`).digest('base64url');
}

function isSame(given: string, own: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(own));
}

function cookieOf(header: string | undefined): string | undefined {
  const pairs = (header ?? '').split(';').map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${COOKIE}=`))?.slice(COOKIE.length + 1);
}
