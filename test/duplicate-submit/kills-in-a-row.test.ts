/** Kills at no step in particular: whatever they hit, the caller's choice about uncertain submits holds. */
import { OperationError } from '../../src/client';
import { startProcessBed, type ProcessBed } from '../support/process-bed';

let bed: ProcessBed;
beforeAll(async () => {
  bed = await startProcessBed();
});
afterAll(() => bed.close());

test('with two SIGKILLs in the middle of 30 submits, "fail" submits at most once, "retry" with one key, and every operation ends', async () => {
  let worker = await bed.startWorker();
  const modes = Array.from({ length: 30 }, (_, index) => (index % 2 === 0 ? ('retry' as const) : ('fail' as const)));
  const operations = await Promise.all(
    modes.map(async (mode, index) => ({
      mode,
      operation: await bed.start(`row-${index}`, { onUncertainSubmit: mode, endsAfterSeconds: 1 }),
    })),
  );
  // However many of the 15 that may fail end without a submit: the 15 others make these counts.
  for (const count of [3, 12]) {
    await bed.emulator.admin.waitForRequests({ method: 'POST', count });
    await worker.kill();
    worker = await bed.startWorker();
  }
  await Promise.all(
    operations.map(async ({ mode, operation }) => {
      const end = await operation.result({ timeoutSeconds: 60 }).catch((err: unknown) => err);
      const submits = await bed.submitsOf(operation);
      if (mode === 'fail') expect(submits.length).toBeLessThanOrEqual(1);
      if (mode === 'fail' && end instanceof OperationError) {
        expect(end.type).toBe('SubmissionUncertain');
      } else {
        expect(end).not.toBeInstanceOf(Error);
        await bed.expectRight(operation, end as Awaited<ReturnType<typeof operation.result>>);
      }
    }),
  );
});
