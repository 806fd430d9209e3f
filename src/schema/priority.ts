/** Checks the priority of what is started. */
import { z } from 'zod';
import { strictObject } from '../config/strict-object';
import { MAX_FAIRNESS_KEY_BYTES, type PriorityOptions } from '../contract';

const keyMistake = 'must be a whole number from 1 (first) to 5 (last)';
const weightMistake = 'must be a number from 0.001 to 1000';

/** {@link PriorityOptions}, within the limits of Temporal's server. */
export const priorityOptions = strictObject(
  {
    priorityKey: z.int({ error: keyMistake }).min(1, keyMistake).max(5, keyMistake).optional(),
    fairnessKey: z
      .string({ error: 'must be a string' })
      .min(1, 'must not be empty')
      .refine((key) => Buffer.byteLength(key) <= MAX_FAIRNESS_KEY_BYTES, `must be at most ${MAX_FAIRNESS_KEY_BYTES} bytes`)
      .optional(),
    fairnessWeight: z.number({ error: weightMistake }).min(0.001, weightMistake).max(1000, weightMistake).optional(),
  } satisfies Record<keyof PriorityOptions, z.ZodType>,
  'must be an object',
);
