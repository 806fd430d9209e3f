/**
 * What callers hand in, before anything is done with it.
 *
 * Keeps true: an input that could not be passed on to the activity that checks it ends as `InvalidInput`: passing it on would fail for ever.
 */
import { MAX_INLINE_BYTES } from '../contract';
import { jsonBytes } from './engine/weights';
import { typedFailure } from './failures';

/**
 * @param value the input, or a part of it that `name` names
 * @param advice what to do instead
 * @throws ApplicationFailure `InvalidInput` where it is too large or too deep to be passed on
 */
export function requireBounded(value: unknown, name = 'input', advice = ''): void {
  const bytes = bytesOf(value);
  if (bytes === undefined) throw typedFailure({ type: 'InvalidInput', message: `${name}: is nested too deeply` });
  if (bytes <= MAX_INLINE_BYTES) return;
  const message = `${name}: must be at most ${MAX_INLINE_BYTES} bytes of JSON, is ${bytes}${advice}`;
  throw typedFailure({ type: 'InvalidInput', message });
}

/** Undefined where writing it takes more than the stack: other languages write deeper JSON than this one. */
function bytesOf(value: unknown): number | undefined {
  try {
    return jsonBytes(value);
  } catch {
    return undefined;
  }
}
