/**
 * What Azure Blob Storage and its library say, in words for people.
 *
 * Keeps true: an error of the library holds the request with its signature, and one of the service the text that was signed; of both
 * only the status and the code are repeated.
 */
import { CredentialsError } from '../transport/secrets';
import { reasonOf } from '../transport/reasons';
import { FileRefusedError, FileUnreadableError, isFileError } from './errors';

/** The part of the library's errors that is read; by shape, because it may be loaded twice. */
interface BlobFailure {
  name?: unknown;
  statusCode?: unknown;
  code?: unknown;
  /** The answer's headers, read: the only place of the code in answers to HEAD. */
  details?: { errorCode?: unknown };
}

/** Codes of 4xx answers that pass by themselves: somebody else wrote in between [Azure Storage, "Blob service error codes"]. */
const PASSING_CODES = new Set(['InvalidBlockList', 'ConditionNotMet', 'ServerBusy', 'OperationTimedOut']);

/** `error` as one that says what happened to the file. `what`: "could not be read". */
export function blobProblem(label: string, what: string, host: string, error: unknown): FileRefusedError | FileUnreadableError {
  if (isFileError(error)) return error;
  if (error instanceof CredentialsError) return new FileUnreadableError(`${label} ${what}: ${error.message}`);
  const { name, statusCode } = blobFailure(error);
  const code = codeOf(error);
  if (name === 'AbortError' || name === 'TimeoutError') return new FileUnreadableError(`${label} ${what}: no answer in time`);
  if (typeof statusCode !== 'number') {
    const reason = reasonOf({ code, message: code ?? 'unknown error' }, host);
    return new FileUnreadableError(`${label} ${what}: ${reason}`);
  }
  if (statusCode === 404)
    return code === 'ContainerNotFound'
      ? new FileRefusedError(`${label} ${what}: its container does not exist`, { notThere: true })
      : new FileRefusedError(`${label} does not exist`, { notThere: true });
  const answer = `${statusCode}${code === undefined ? '' : ` ${code}`}`;
  const message =
    statusCode === 401 || statusCode === 403
      ? `${label} ${what}: its store refuses what the worker's file names as credentials for this container (${answer})`
      : `${label} ${what}: its store answered ${answer}`;
  const passes = statusCode >= 500 || statusCode === 408 || statusCode === 429 || PASSING_CODES.has(code ?? '');
  return passes ? new FileUnreadableError(message) : new FileRefusedError(message);
}

/** The status of the service's answer, where there was one. */
export function blobStatus(error: unknown): number | undefined {
  const { statusCode } = blobFailure(error);
  return typeof statusCode === 'number' ? statusCode : undefined;
}

function blobFailure(error: unknown): BlobFailure {
  return typeof error === 'object' && error !== null ? error : {};
}

/** One word of letters; nothing else is a code. */
function codeOf(error: unknown): string | undefined {
  const { code, details } = blobFailure(error);
  return [code, details?.errorCode].find((word): word is string => typeof word === 'string' && /^[A-Za-z0-9_]{1,80}$/.test(word));
}
