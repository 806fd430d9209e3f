/**
 * Heartbeats of activities that only read: they tell the server that this worker lives, so that its death is noticed in seconds.
 */
import { heartbeat } from '@temporalio/activity';

const HEARTBEAT_INTERVAL_MS = 1000;

/** Runs `work` with a heartbeat every second. */
export async function withHeartbeat<T>(work: () => Promise<T>): Promise<T> {
  const timer = setInterval(() => heartbeat(), HEARTBEAT_INTERVAL_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
