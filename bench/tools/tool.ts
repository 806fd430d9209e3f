/** A tool of the comparison. */
import type { FakeService } from '../fake-service/client';
import type { Load } from '../load';

/** What a tool needs to start. */
export interface ToolContext {
  service: FakeService;
}

export interface RunningTool {
  /** The process that submits and polls: its memory is measured. */
  workerPid: number;
  /** Its servers: Temporal, Restate, PostgreSQL. */
  serverPids: number[];
  /** Prepares a load; not measured. */
  prepare?(load: Load): void;
  /** Starts all operations and resolves when the tool reports that each has succeeded. Throws otherwise. */
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
  /** One workflow on Temporal for each operation: so much slower that fewer operations are run. */
  workflowPerOperation?: boolean;
  /** Why it cannot run here. */
  missing?(): string | undefined;
  start(context: ToolContext): Promise<RunningTool>;
}

/** For a load that never ends: it fails when its process is stopped, which is expected, or before, which the counts show. */
export function openLoad(running: Promise<void>): Promise<void> {
  running.catch(() => undefined);
  return Promise.resolve();
}
