/** Errors of files that should be drawings and are not. */

/** The bytes are not those of a drawing. */
export class CorruptDrawingError extends Error {
  override readonly name = 'CorruptDrawingError';
}

/**
 * Runs `read`; reading beyond the end means a corrupt file here, not a bug.
 * @throws CorruptDrawingError
 */
export function guarded<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (['ERR_OUT_OF_RANGE', 'ERR_BUFFER_OUT_OF_BOUNDS'].includes(code)) throw new CorruptDrawingError('it refers to bytes outside of it');
    throw error;
  }
}
