/** A test bed whose batches end as their input says (see `stand-in/run-batch.ts`), with schedules that are gone at its end. */
import { join } from 'node:path';
import type { BatchInput } from '../../src/contract';
import type { CreateScheduleOptions, ScheduleDescription } from '../../src/client';
import { testConfig } from './config';
import { eventually } from './eventually';
import { startTestBed, type TestBed } from './in-process';

export interface StandInBed extends TestBed {
  /** Creates a schedule with an id of its own. Without times of its own it never starts by itself while a test runs. */
  schedule(options: Partial<CreateScheduleOptions> & { batch: BatchInput }): Promise<string>;
  /** Asks a schedule until it is so. */
  scheduleUntil(id: string, isSo: (description: ScheduleDescription) => boolean): Promise<ScheduleDescription>;
  /** Lets a waiting batch end. */
  finish(workflowId: string): Promise<void>;
}

export async function startStandInBed(): Promise<StandInBed> {
  const bed = await startTestBed(testConfig({ maps: { baseUrl: 'http://127.0.0.1:1' } }), {
    worker: { workflowBundle: undefined as never, workflowsPath: join(__dirname, 'stand-in/run-batch.ts') },
  });
  const created: string[] = [];
  return {
    ...bed,
    schedule: async (options) => {
      const id = options.id ?? `schedule-${created.length}-${bed.taskQueue}`;
      await bed.lro.schedules.create({ times: { cron: ['0 0 1 1 * 2099'] }, ...options, id });
      created.push(id);
      return id;
    },
    scheduleUntil: (id, isSo) => eventually(() => bed.lro.schedules.describe(id), isSo),
    finish: (workflowId) => bed.client.workflow.getHandle(workflowId).signal('finish'),
    close: async () => {
      for (const id of created) await bed.lro.schedules.delete(id).catch(() => undefined);
      const query = `TaskQueue = '${bed.taskQueue}' AND ExecutionStatus = 'Running'`;
      for await (const { workflowId } of bed.client.workflow.list({ query })) {
        await bed.client.workflow
          .getHandle(workflowId)
          .terminate()
          .catch(() => undefined);
      }
      await bed.close();
    },
  };
}

/** A batch of two items that ends as `does` says. */
export function standInBatch(does: 'succeed' | 'wait' | 'fail', more: Partial<BatchInput> = {}): BatchInput {
  return {
    items: [
      { id: 'first', submit: { path: '/tilesets' } },
      { id: 'second', submit: { path: '/tilesets' } },
    ],
    defaults: { connection: 'maps', labels: { does } },
    ...more,
  };
}
