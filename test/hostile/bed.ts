/**
 * A hostile service and a worker as a process of its own whose event loop is watched, on a task queue of its own.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection, type WorkflowHandleWithFirstExecutionRunId, type WorkflowOptions } from '@temporalio/client';
import { RUN_BATCH, type BatchInput, type ItemReport } from '../../src/contract';
import type { Child } from '../../src/devserver';
import { temporaryFolder, writeConfig } from '../support/config';
import { EventLoopRecord } from '../support/event-loop';
import { footprintOf, type Footprint } from '../support/footprint';
import { sharedAddress } from '../support/in-process';
import { startWorkerProcess } from '../support/programs';
import { HostileService, type Answering } from './service';

export type Handle = WorkflowHandleWithFirstExecutionRunId;

export interface HostileBedOptions {
  /** Of the connection, as in the worker's file. */
  connection?: Record<string, unknown>;
  workerEnv?: NodeJS.ProcessEnv;
  /** A script that the worker loads first. */
  preload?: string;
}

/** Temporal tells a history in one message, which clients refuse by default above 4 MB. */
const MAX_HISTORY_BYTES = 134_217_728;

export class HostileBed {
  readonly taskQueue = `lro-${randomUUID()}`;
  readonly folder = temporaryFolder();
  private readonly eventLoop: EventLoopRecord;
  private worker: Child | undefined;
  private startedAtMs = 0;

  private constructor(
    private readonly options: HostileBedOptions,
    readonly service: HostileService,
    private readonly connection: Connection,
    readonly client: Client,
  ) {
    this.eventLoop = new EventLoopRecord(options.preload);
  }

  static async open(answer: Answering, options: HostileBedOptions = {}): Promise<HostileBed> {
    const service = await HostileService.start(answer);
    const connection = await Connection.connect({
      address: sharedAddress(),
      channelArgs: { 'grpc.max_receive_message_length': MAX_HISTORY_BYTES },
    });
    const bed = new HostileBed(options, service, connection, new Client({ connection }));
    await bed.startWorker();
    return bed;
  }

  async startWorker(): Promise<void> {
    const { connection, workerEnv } = this.options;
    const limits = { submitsPerSecond: 1000, timeoutSeconds: 5 };
    const maps = { baseUrl: this.service.url, limits, ...connection };
    this.worker = await startWorkerProcess({
      configPath: writeConfig({ maps, default: maps }, { files: { readBelow: [this.folder], writeBelow: [this.folder] } }),
      address: sharedAddress(),
      taskQueue: this.taskQueue,
      env: { LRO_LOG_LEVEL: 'warn', ...this.eventLoop.env, ...workerEnv },
    });
    this.startedAtMs = Date.now();
  }

  async killWorker(): Promise<void> {
    await this.worker?.kill();
  }

  /** The longest that the worker kept its event loop busy since it takes work, in milliseconds. */
  longestMs(): number {
    return this.eventLoop.longestMs(this.startedAtMs);
  }

  start(type: string, args: unknown[], options: Partial<WorkflowOptions> = {}): Promise<Handle> {
    return this.client.workflow.start(type, { workflowId: `hostile-${randomUUID()}`, taskQueue: this.taskQueue, args, ...options });
  }

  startBatch(input: BatchInput): Promise<Handle> {
    const workflowId = `hostile-${randomUUID()}`;
    const report = { path: join(this.folder, `${workflowId}.jsonl`) };
    return this.client.workflow.start(RUN_BATCH, { workflowId, taskQueue: this.taskQueue, args: [{ report, ...input }] });
  }

  /** The lines of a batch's report. */
  lines({ workflowId }: { workflowId: string }): ItemReport[] {
    const text = readFileSync(join(this.folder, `${workflowId}.jsonl`), 'utf8');
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as ItemReport);
  }

  /** How it ends. @throws Error that says what is wrong with it, when it does not within `seconds` */
  async end(
    handle: Pick<Handle, 'workflowId' | 'firstExecutionRunId' | 'result'>,
    seconds = 60,
  ): Promise<{ result: unknown } | { error: unknown }> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), seconds * 1000)));
    const ended = handle.result().then(
      (result) => ({ result: result as unknown }),
      (error: unknown) => ({ error }),
    );
    const end = await Promise.race([ended, late]);
    clearTimeout(timer);
    if (end !== undefined) return end;
    const { troubles, activities } = await this.footprint(handle);
    const said = this.worker?.output().slice(-2000) ?? '';
    throw new Error(`${handle.workflowId} has not ended after ${seconds} s: ${JSON.stringify({ troubles, activities })}\n${said}`);
  }

  footprint({ workflowId, firstExecutionRunId }: Pick<Handle, 'workflowId' | 'firstExecutionRunId'>): Promise<Footprint> {
    return footprintOf(this.client, workflowId, firstExecutionRunId);
  }

  async close(): Promise<void> {
    await Promise.all([this.worker?.kill(), this.service.close()]);
    await this.connection.close();
  }
}
