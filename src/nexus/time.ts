/**
 * The time that a handler has: Nexus gives a request about ten seconds, from when the server took it.
 *
 * Keeps true: a handler answers before that is over. Otherwise its answer is lost, and Nexus asks again.
 */

/** Kept for the answer's way back. */
const MARGIN_MS = 1500;
/** Where the request does not say until when it waits. */
const DEFAULT_MS = 8000;
/** However late it came: a call needs some time, and what it starts is joined by the next try. */
const LEAST_MS = 1000;

/** Until when a handler's calls of Temporal may take. */
export function callsUntilMs(requestDeadline: Date | undefined, nowMs = Date.now()): number {
  const untilMs = requestDeadline === undefined ? nowMs + DEFAULT_MS : requestDeadline.getTime() - MARGIN_MS;
  return Math.max(untilMs, nowMs + LEAST_MS);
}
