/** Tests with a harness each. Those of a `describe` run side by side; no hook around each test runs. */
import { openBatchHarness, openBatchHarnesses, type BatchHarness, type BatchHarnessOptions } from './harness';

type Work<T extends readonly unknown[]> = (harness: BatchHarness, ...row: T) => Promise<void>;

interface HarnessTest {
  (name: string, work: Work<[]>): void;
  /** As `test.each`. */
  each<T extends readonly unknown[]>(rows: readonly T[]): (name: string, work: Work<T>) => void;
}

/** Each with a worker of its own, of these options. */
export function harnessTests(options?: BatchHarnessOptions): HarnessTest {
  return testsBy(async (work) => {
    const harness = await openBatchHarness(options);
    try {
      await work(harness);
    } finally {
      await harness.close();
    }
  });
}

/**
 * With one worker for all of them, and a service and a connection for each: for what is not about the worker. Such a test does nothing to the
 * folders, which are the others', too.
 */
export function sharedWorkerTests(options?: BatchHarnessOptions): HarnessTest {
  let harnesses: Promise<BatchHarness[]> | undefined;
  let begun = 0;
  const tests = testsBy(async (work) => {
    harnesses ??= openBatchHarnesses(tests.count(), options);
    await work((await harnesses)[begun++]!);
  });
  afterAll(async () => {
    for (const harness of (await harnesses) ?? []) await harness.close();
  });
  return tests;
}

function testsBy(run: (work: Work<[]>) => Promise<void>): HarnessTest & { count(): number } {
  let count = 0;
  const one = (name: string, work: Work<[]>): void => {
    count++;
    test.concurrent(name, () => run(work));
  };
  const each =
    <T extends readonly unknown[]>(rows: readonly T[]) =>
    (name: string, work: Work<T>): void => {
      count += rows.length;
      test.concurrent.each(rows)(name, (...row) => run((harness) => work(harness, ...(row as unknown as T))));
    };
  return Object.assign(one, { each, count: () => count });
}
