/** The rates of a connection that its workers share, and parts of them. Pure. */

/** Submits and polls that start in a second, and requests that are open at once. */
export interface Rates {
  submitsPerSecond: number;
  pollsPerSecond: number;
  /** A whole number. */
  concurrentRequests: number;
}

/** What a worker uses, of its part, until the others have had time to see it. */
const NEWCOMERS_PART = 0.05;

/** Makes rates of what `of` says for each. */
export function ratesOf(of: (rate: keyof Rates) => number): Rates {
  return {
    submitsPerSecond: of('submitsPerSecond'),
    pollsPerSecond: of('pollsPerSecond'),
    concurrentRequests: of('concurrentRequests'),
  };
}

/** A worker's part where so many have the same. One request at a time goes in any case: with fewer than workers they would be more. */
export function divided(limits: Rates, workers: number): Rates {
  return {
    ...ratesOf((rate) => limits[rate] / workers),
    concurrentRequests: Math.max(1, Math.floor(limits.concurrentRequests / workers)),
  };
}

/** What a worker uses of its part before it is sure that the others know of it. */
export function newcomers(part: Rates): Rates {
  return {
    ...ratesOf((rate) => part[rate] * NEWCOMERS_PART),
    concurrentRequests: Math.max(1, Math.floor(part.concurrentRequests * NEWCOMERS_PART)),
  };
}

/** Of each the smaller one. */
export function lesser(one: Rates, other: Rates): Rates {
  return ratesOf((rate) => Math.min(one[rate], other[rate]));
}

/** Rates as anybody could send them: finite, not negative, requests a whole number. */
export function isRates(value: unknown): value is Rates {
  if (typeof value !== 'object' || value === null) return false;
  const rates = value as Partial<Record<keyof Rates, unknown>>;
  const isAmount = (amount: unknown): amount is number => typeof amount === 'number' && Number.isFinite(amount) && amount >= 0;
  return (
    isAmount(rates.submitsPerSecond) &&
    isAmount(rates.pollsPerSecond) &&
    isAmount(rates.concurrentRequests) &&
    Number.isInteger(rates.concurrentRequests)
  );
}
