/** What a worker needs to send traces. Types only, so that nothing of OpenTelemetry comes along. */
import type { WorkerOptions } from '@temporalio/worker';
import type { HttpTracer } from '../../http';

export interface Traces {
  /** Interceptors of activities, and what takes the spans of workflows. */
  worker: Pick<WorkerOptions, 'interceptors' | 'sinks'>;
  tracer: HttpTracer;
  /** Sends what is still to be sent, and ends. Never throws. */
  close(): Promise<void>;
}
