/** Heartbeats of activities that only read: when a worker dies, the server notices within seconds. */
import { heartbeat } from '@temporalio/activity';

const HEARTBEAT_INTERVAL_MS = 1000;

/** Runs `work` with a heartbeat every second; its details are passed to the next attempt. */
export async function withHeartbeat<T>(work: () => Promise<T>, details?: () => unknown): Promise<T> {
  const timer = setInterval(() => heartbeat(details?.()), HEARTBEAT_INTERVAL_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
