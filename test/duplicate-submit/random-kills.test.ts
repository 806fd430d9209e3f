/**
 * SIGKILLs at random moments, among at least 50 operations at all steps: whatever they hit, the caller's choice about uncertain submits
 * holds, counted at a service that does not deduplicate. `LRO_LONG=1`: 100 kills instead of 3.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { OperationError } from '../../src/client';
import type { RecordedRequest } from '../../src/emulator';
import { startProcessHarness, type NamedOperation, type ProcessHarness } from '../support/process-harness';

const KILLS = process.env['LRO_LONG'] === '1' ? 100 : 3;
const OPEN = 50;
/** A submit that was under way at a kill had come to the service at most so long before it: its own delay there, and a busy machine. */
const UNDER_WAY_MS = 3000;

let harness: ProcessHarness;
beforeAll(async () => {
  harness = await startProcessHarness();
});
afterAll(() => harness.close());

interface Ended {
  operation: NamedOperation;
  mode: 'retry' | 'fail';
  end: unknown;
}

test(
  `with ${KILLS} SIGKILLs at random moments among ${OPEN} open operations, "fail" submits at most once, "retry" with one key, and every operation ends`,
  async () => {
    // Slow submits are under way when a kill comes.
    await harness.addFault({ match: { method: 'POST' }, times: 0, delayMs: 150 });
    let worker = await harness.startWorker();
    const ends: Promise<Ended>[] = [];
    const going = { on: true };
    /** One place among the open operations: as soon as its operation has ended, the next one takes it. */
    const place = async (index: number): Promise<void> => {
      for (let turn = 0; going.on; turn++) {
        const mode = (index + turn) % 2 === 0 ? 'retry' : 'fail';
        const operation = await harness.start(`place-${index}-${turn}`, {
          onUncertainSubmit: mode,
          endsAfterSeconds: 1 + ((index * 7 + turn * 3) % 9),
        });
        // However often a kill hits one and the same operation: it ends once the kills are over.
        const end = operation.result().then(
          (result: unknown) => ({ operation, mode, end: result }) as const,
          (err: unknown) => ({ operation, mode, end: err }) as const,
        );
        ends.push(end);
        await end;
      }
    };
    const places = Array.from({ length: OPEN }, (_, index) => place(index));
    const killedAtMs: number[] = [];
    for (let kill = 0; kill < KILLS; kill++) {
      // Random moments are what this is about; nothing is concluded from how long it waits.
      await sleep(300 + Math.random() * 2700);
      killedAtMs.push(Date.now());
      await worker.kill();
      worker = await harness.startWorker();
    }
    going.on = false;
    // The calm after the storm: what is still open now ends within this test's time.
    await Promise.all(places);

    const uncertain: Ended[] = [];
    for (const ended of await Promise.all(ends)) {
      const { operation, mode, end } = ended;
      const submits = await harness.submitsOf(operation);
      if (mode === 'fail') expect(submits.length).toBeLessThanOrEqual(1);
      if (mode === 'fail' && end instanceof OperationError) {
        expect(end.type).toBe('SubmissionUncertain');
        // No more of them than submits were under way at the kills.
        expect(submits.every((submit) => wasUnderWay(submit, killedAtMs))).toBe(true);
        uncertain.push(ended);
      } else {
        expect(end).not.toBeInstanceOf(Error);
        await harness.expectRight(operation, end as Awaited<ReturnType<NamedOperation['result']>>);
      }
    }
    console.log(`${KILLS} kills, ${ends.length} operations ended, ${uncertain.length} SubmissionUncertain`);
    expect(ends.length).toBeGreaterThanOrEqual(OPEN);
  },
  KILLS * 15_000 + 150_000,
);

function wasUnderWay({ receivedAtMs }: RecordedRequest, killedAtMs: number[]): boolean {
  return killedAtMs.some((killMs) => receivedAtMs <= killMs + 100 && receivedAtMs >= killMs - UNDER_WAY_MS);
}
