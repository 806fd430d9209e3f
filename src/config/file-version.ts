/**
 * Which version of the worker's file a worker has: a short hash, in its log, its metrics and its identity.
 *
 * Keeps true: the hash is of the file's bytes, where secrets are only named; two workers with one hash know the same connections.
 */
import { createHash } from 'node:crypto';
import type { LroConfig } from './types';

/** It stands in several events of every poll. */
const HASH_CHARS = 8;
const MARK = '+file=';

/** First 8 hexadecimal digits of the SHA-256 of the file's bytes. */
export function fileHashOf(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, HASH_CHARS);
}

/** Of a configuration that a program has made itself: of what it says. */
export function fileHashOfConfig(config: LroConfig): string {
  return config.fileHash ?? fileHashOf(JSON.stringify(config));
}

/** A worker's identity with its file's hash: `17@host+file=01234567`. */
export function identityWith(identity: string, fileHash: string): string {
  return `${identity}${MARK}${fileHash}`;
}

/** The hash in a worker's identity; undefined where it has none. */
export function fileHashIn(identity: string): string | undefined {
  return new RegExp(`\\${MARK}([0-9a-f]{${HASH_CHARS}})(?![0-9a-f])`).exec(identity)?.[1];
}

/** An identity for people: `17@host (file 01234567)`. */
export function identityInWords(identity: string): string {
  const hash = fileHashIn(identity);
  return hash === undefined ? identity : `${identity.replace(`${MARK}${hash}`, '')} (file ${hash})`;
}
