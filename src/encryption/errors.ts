/** Errors of payloads that cannot be decrypted. */
import { ApplicationFailure } from '@temporalio/common';
import { ENCRYPTION_KEY_UNKNOWN } from '../contract';

const DAMAGED = 'EncryptedPayloadDamaged';

/** Time for a worker with the key to take the activity, or for the key to be brought here. */
const RETRY_AFTER = '10 seconds';

/**
 * A payload cannot be decrypted: its key is not known here, or the key of its id does not fit.
 * An `ApplicationFailure` that may be retried: as an activity's it says itself when, as a workflow task's it leaves the workflow as it is.
 */
export class EncryptionError extends ApplicationFailure {
  /** @param keyId as the payload names it */
  constructor(
    message: string,
    readonly keyId: string,
    type: string,
  ) {
    super(message, type, false, undefined, undefined, RETRY_AFTER);
  }
}

/** In a chain of causes, whatever Temporal's client wrapped around it. */
export function encryptionErrorIn(err: unknown): EncryptionError | undefined {
  for (let cause = err, depth = 0; cause instanceof Error && depth < 10; cause = cause.cause, depth++) {
    if (cause instanceof EncryptionError) return cause;
  }
  return undefined;
}

/** @param known ids of the keys that are known */
export function unknownKey(keyId: string, known: readonly string[]): EncryptionError {
  const here = known.length === 0 ? 'no keys are set here' : `known here: ${shortList(known)}`;
  const remedy =
    known.length === 0
      ? 'set LRO_ENCRYPTION_KEYS_FILE (or LRO_ENCRYPTION_KEYS) to the keys that the other programs have'
      : `add "${keyId}" to LRO_ENCRYPTION_KEYS_FILE (or LRO_ENCRYPTION_KEYS)`;
  return new EncryptionError(`a payload is encrypted with key "${keyId}" (${here}); ${remedy}`, keyId, ENCRYPTION_KEY_UNKNOWN);
}

/** Its tag is wrong. */
export function wrongKey(keyId: string): EncryptionError {
  const message =
    `a payload that names key "${keyId}" cannot be decrypted with it: it was encrypted with another key under that id, or changed since; ` +
    `compare key "${keyId}" in LRO_ENCRYPTION_KEYS_FILE (or LRO_ENCRYPTION_KEYS) with that of the other programs`;
  return new EncryptionError(message, keyId, ENCRYPTION_KEY_UNKNOWN);
}

/** It is not what an encrypted payload looks like. */
export function damagedPayload(what: string): EncryptionError {
  return new EncryptionError(`a payload says that it is encrypted, but ${what}`, '', DAMAGED);
}

const MAX_LISTED = 20;

function shortList(ids: readonly string[]): string {
  const listed = ids.slice(0, MAX_LISTED).map((id) => `"${id}"`);
  return ids.length > MAX_LISTED ? `${listed.join(', ')} and ${ids.length - MAX_LISTED} more` : listed.join(', ');
}
