/** What is wrong with a file that says it is a drawing. */

/** The bytes are not those of a drawing, whatever the file's name says. */
export class CorruptDrawingError extends Error {
  override readonly name = 'CorruptDrawingError';
}

/**
 * Runs `read`; reading beyond the end is a sign of a corrupt file here, not a mistake of the program.
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
