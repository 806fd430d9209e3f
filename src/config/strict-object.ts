import { z } from 'zod';
import { unknownKey } from './suggest';

/** Keys that are compared with the known ones; of hundreds of unknown keys the first say enough. */
const MAX_COMPARED = 20;

/**
 * An object without unknown keys. The message of an unknown key has one line a key, with the one that was probably meant.
 * @param otherwise message for something that is no object
 */
export function strictObject<T extends z.core.$ZodShape>(shape: T, otherwise: string) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys
            .slice(0, MAX_COMPARED)
            .map((key) => unknownKey(key, known))
            .join('\n')
        : otherwise,
  });
}
