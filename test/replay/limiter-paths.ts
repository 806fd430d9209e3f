/** What workers ask of a limiter, for every path through it: what its histories were recorded from. */
import type { WindowRequest } from '../../src/sharing/windows';

export interface LimiterPath {
  requests: WindowRequest[];
  continueAsNewAfterEvents?: number;
}

const LIMITS = { submitsPerSecond: 8, pollsPerSecond: 40, concurrentRequests: 3 };
const request = (worker: string, more: Partial<WindowRequest> = {}): WindowRequest => ({
  worker,
  workers: 2,
  limits: LIMITS,
  wanted: LIMITS,
  ...more,
});

export const LIMITER_PATHS: Record<string, LimiterPath> = {
  limiter: { requests: [request('a'), request('b', { hold: { httpStatus: 429, seconds: 5 } }), request('a', { held: LIMITS })] },
  'limiter-continue-as-new': {
    requests: Array.from({ length: 10 }, (_, index) => request(index % 2 === 0 ? 'a' : 'b')),
    continueAsNewAfterEvents: 20,
  },
};
