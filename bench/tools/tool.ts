/** A tool of the comparison. Another one is a file beside this with a `Tool`, and its line in `index.ts`. */
import type { FakeService } from '../fake-service/client';
import type { Load } from '../load';

/** What a tool needs to start. */
export interface ToolContext {
  service: FakeService;
}

/** What a tool's server has kept, from its beginning on. Differences of it are measured. */
export interface Kept {
  /** History events. */
  events?: number;
  /** Of the database. */
  bytes?: number;
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
  /** Starts operations that are to stay open, and does not wait for their ends. */
  open(load: Load): Promise<void>;
  /** Cancels what `open` has started, and waits for its end. */
  cancel?(load: Load): Promise<void>;
  /** Kills the worker, and starts it again. */
  restartWorker?(): Promise<void>;
  kept?(): Promise<Kept>;
  /** What Temporal's server has counted as actions since it began, see `temporal-actions.ts`. */
  actions?(): Promise<number>;
  stop(): Promise<void>;
}

export interface Tool {
  /** For `--tools`. */
  key: string;
  /** In the tables. */
  title: string;
  /** One workflow on Temporal for each operation: so much slower that fewer operations are run. */
  workflowPerOperation?: boolean;
  /** Forgets everything when its process dies: a ceiling, not a peer. */
  isCeiling?: boolean;
  /** Why it cannot run here. */
  missing?(): string | undefined;
  start(context: ToolContext): Promise<RunningTool>;
}
