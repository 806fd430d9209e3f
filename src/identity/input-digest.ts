/**
 * The digest of a workflow's input: two starts under one id are one request when their inputs have one digest.
 *
 * Keeps true: it is the SHA-256 of the input's RFC 8785 form, so programs in any language compute the same; pure, so that workflow code can
 * compute it as well. The two packages are bundled with the workflows: both are pure and small (1 and 14 KB).
 */
import canonicalize from 'canonicalize';
import { hash } from 'fast-sha256';
import { ACCEPTED_UPDATE } from '../contract';

/** In 64 hex characters. @param input JSON values only @throws RangeError where it is nested too deeply */
export function inputDigest(input: unknown): string {
  const bytes = hash(new TextEncoder().encode(canonicalize(input) ?? 'null'));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** As a client computes it of what it is about to send: what JSON leaves out is left out first. */
export function digestToSend(input: unknown): string {
  return inputDigest(JSON.parse(JSON.stringify(input ?? null)));
}

/**
 * The id of an update `accepted` that carries its request: all who wait for one request's acceptance wait for one update, and one with another
 * request is compared, not taken for the same call.
 */
export function acceptedUpdateId(digest: string): string {
  return `${ACCEPTED_UPDATE}-${digest.slice(0, 16)}`;
}
