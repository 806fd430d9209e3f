/** A test harness whose batches end as their input says (see `stand-in/run-batch.ts`), with schedules that are gone at its end. */
import { join } from 'node:path';
import type { BatchInput } from '../../src/contract';
import type { CreateScheduleOptions, ScheduleDescription } from '../../src/client';
import { testConfig } from './config';
import { eventually } from './eventually';
import { startTestHarness, type TestHarness } from './in-process';

export interface StandInHarness extends TestHarness {
  /** Creates a schedule with an id of its own. Without times of its own it never starts by itself while a test runs. */
  schedule(options: Partial<CreateScheduleOptions> & Pick<CreateScheduleOptions, 'batch'>): Promise<string>;
  /** Asks a schedule until it is so. */
  scheduleUntil(id: string, isSo: (description: ScheduleDescription) => boolean): Promise<ScheduleDescription>;
  /** Lets a waiting batch end. */
  finish(workflowId: string): Promise<void>;
}

export async function startStandInHarness(): Promise<StandInHarness> {
  const harness = await startTestHarness(testConfig({ maps: { baseUrl: 'http://127.0.0.1:1' } }), {
    worker: { workflowBundle: undefined as never, workflowsPath: join(__dirname, 'stand-in/run-batch.ts') },
  });
  const created: string[] = [];
  return {
    ...harness,
    schedule: async (options) => {
      const id = options.id ?? `schedule-${created.length}-${harness.taskQueue}`;
      await harness.lro.schedules.create({ times: { cron: ['0 0 1 1 * 2099'] }, ...options, id });
      created.push(id);
      return id;
    },
    scheduleUntil: (id, isSo) => eventually(() => harness.lro.schedules.describe(id), isSo),
    finish: (workflowId) => harness.client.workflow.getHandle(workflowId).signal('finish'),
    close: async () => {
      for (const id of created) await harness.lro.schedules.delete(id).catch(() => undefined);
      const query = `TaskQueue = '${harness.taskQueue}' AND ExecutionStatus = 'Running'`;
      for await (const { workflowId } of harness.client.workflow.list({ query })) {
        await harness.client.workflow
          .getHandle(workflowId)
          .terminate()
          .catch(() => undefined);
      }
      await harness.close();
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
