/**
 * A place for a worker process, as a supervisor keeps it: what ends there is started again, with the same build and the same clock.
 *
 * Keeps true: at most one process runs in a place; one that ends without having been told to is counted.
 */
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from '../../src/devserver';
import { startWorkerProcess } from '../support/programs';
import type { Journal } from './journal';

export interface SlotOptions {
  name: string;
  folder: string;
  /** Of Temporal, as the worker sees it. */
  address: string;
  configPath: string;
  taskQueue: string;
  program: string;
  /** Of Worker Versioning. */
  deployment: { name: string; buildId: string };
  journal: Journal;
}

/** A supervisor's pause before it starts again what could not start. */
const RETRY_MS = 500;
/** A worker that takes no work for so long after its start is a failure of the program. */
const START_TRIES = 60;

export class WorkerSlot {
  private child: Child | undefined;
  /** What ends now has been told to. */
  private isExpected = false;
  readonly logFile: string;
  private readonly clockFile: string;

  constructor(private readonly options: SlotOptions) {
    this.logFile = join(options.folder, `worker-${options.name}.log`);
    this.clockFile = join(options.folder, `clock-${options.name}`);
    writeFileSync(this.clockFile, '0');
  }

  get name(): string {
    return this.options.name;
  }

  get buildId(): string {
    return this.options.deployment.buildId;
  }

  /** Of the process that runs. */
  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Resolves when it takes work, however often it had to be started: Temporal may be away. */
  async start(): Promise<void> {
    const { address, configPath, taskQueue, program, deployment, journal } = this.options;
    for (let tries = 1; ; tries++) {
      try {
        this.isExpected = false;
        const child = await startWorkerProcess({
          configPath,
          address,
          taskQueue,
          program,
          logFile: this.logFile,
          env: {
            LRO_LOG_LEVEL: 'debug',
            TEMPORAL_DEPLOYMENT_NAME: deployment.name,
            TEMPORAL_WORKER_BUILD_ID: deployment.buildId,
            LRO_TEST_CLOCK_FILE: this.clockFile,
            NODE_OPTIONS: `--require ${JSON.stringify(resolve(__dirname, 'stepped-clock.js'))}`,
          },
        });
        this.child = child;
        void child.exited.then(() => this.ended(child));
        return;
      } catch (err) {
        if (tries === START_TRIES) throw err;
        journal.count('worker could not start yet');
        await sleep(RETRY_MS);
      }
    }
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    this.isExpected = true;
    await this.child?.kill();
  }

  /** SIGTERM, and the end of its drain. */
  async stop(): Promise<void> {
    this.isExpected = true;
    const exit = await this.child?.stop();
    if (exit !== undefined && exit.code !== 0) this.options.journal.count(`worker's drain ended with ${String(exit.code ?? exit.signal)}`);
  }

  signal(signal: NodeJS.Signals): void {
    this.child?.signal(signal);
  }

  /** Sets its wall clock off by so many milliseconds from now on. */
  stepClock(offMs: number): void {
    writeFileSync(this.clockFile, String(offMs));
    this.signal('SIGWINCH');
  }

  private ended(child: Child): void {
    if (child !== this.child) return;
    this.child = undefined;
    if (!this.isExpected) {
      this.options.journal.count('WORKER ENDED BY ITSELF');
      void this.start();
    }
  }
}
