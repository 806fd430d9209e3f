/** What a tool is to the comparison. */
import type { FakeService } from '../fake-service/client';
import type { Load } from '../load';

/** What every tool comes to know of the run. */
export interface Surroundings {
  service: FakeService;
}

export interface RunningTool {
  /** The process that submits and polls: its memory is measured. */
  workerPid: number;
  /** What the tool needs besides: Temporal, Restate, PostgreSQL. */
  serverPids: number[];
  /** Makes what `run` needs for a load and what a caller would have beforehand. */
  prepare?(load: Load): void;
  /** Starts all operations and resolves when the tool says that each has succeeded. Throws otherwise. */
  run(load: Load): Promise<void>;
  /** Starts operations that are to stay open, and does not wait for them. */
  open?(load: Load): Promise<void>;
  /** History events of the last run. */
  historyEvents?(load: Load): Promise<number>;
  stop(): Promise<void>;
}

export interface Tool {
  /** For `--tools`. */
  key: string;
  /** In the table. */
  title: string;
  /** A workflow on Temporal for each operation: slower by so much that fewer operations give its rate. */
  workflowPerOperation?: boolean;
  /** Why it cannot run here. */
  missing?(): string | undefined;
  start(on: Surroundings): Promise<RunningTool>;
}

/** Leaves a load to itself that is never to end: it fails when its process is stopped, which is all right, or before, which the counts show. */
export function openLoad(running: Promise<void>): Promise<void> {
  running.catch(() => undefined);
  return Promise.resolve();
}
