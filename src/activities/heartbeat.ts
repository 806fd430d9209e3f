/**
 * Heartbeats of activities that only read: they tell the server that this worker lives, so that its death is noticed in seconds.
 */
import { heartbeat } from '@temporalio/activity';

const HEARTBEAT_INTERVAL_MS = 1000;

/** Runs `work` with a heartbeat every second; its details are what the next attempt finds of this one. */
export async function withHeartbeat<T>(work: () => Promise<T>, details?: () => unknown): Promise<T> {
  const timer = setInterval(() => heartbeat(details?.()), HEARTBEAT_INTERVAL_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
