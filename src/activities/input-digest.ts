/** The digest of an input, as the activities that check inputs return it. */
import { inputDigest } from '../identity/input-digest';
import { typedFailure } from './failures';

/** @throws ApplicationFailure `InvalidInput` where the input is nested so deeply that nobody can compute it */
export function digestOf(input: unknown): string {
  try {
    return inputDigest(input);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw typedFailure({ type: 'InvalidInput', message: 'input: is nested too deeply' });
  }
}
