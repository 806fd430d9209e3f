import { z } from 'zod';
import { unknownKey } from './suggest';

/**
 * An object without unknown keys. The message of an unknown key has one line a key, with the one that was probably meant.
 * @param otherwise message for something that is no object
 */
export function strictObject<T extends z.core.$ZodShape>(shape: T, otherwise: string) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? issue.keys.map((key) => unknownKey(key, known)).join('\n') : otherwise),
  });
}
