/** What the argument of signal `pollNow` may be. */
import { z } from 'zod';
import type { PollNowTarget } from '../contract';

/** {@link PollNowTarget} */
export const pollNowTarget = z.looseObject({
  firstRunId: z.string().optional(),
  key: z.string().optional(),
} satisfies Record<keyof PollNowTarget, z.ZodType>);
