/** A key that is refused while a batch submits: its items wait for a better one, and none of them pays for it. */
import { eventually } from '../support/eventually';
import { byOutcome, item, items, newReport } from './harness';
import { harnessTests } from './harness-tests';

harnessTests({ connection: { poll: { minSeconds: 0 } } })(
  'a batch waits for a mended key, and sends each submit once after that',
  async (harness) => {
    const ids = ['k0', 'k1', 'k2'];
    await harness.refuse(401, {}, ...ids);
    const batch = await harness.start({ items: items('k', 3), report: newReport() });
    // Each of them at least a second time.
    await harness.submitted(6, ...ids);
    const { progress } = await batch.item('k0');
    // Its own, or that of another while it was held.
    expect(progress?.lastProblem).toMatchObject({ message: expect.stringMatching(/refuse[sd] .*credentials.*401/) });
    expect((await batch.progress()).counts).toMatchObject({ failed: 0 });
    await harness.emulator.admin.removeFaults();
    const { counts, report } = await batch.result();
    expect(counts).toMatchObject({ succeeded: 3, failed: 0 });
    expect(byOutcome(harness.lines(report))).toEqual({ succeeded: ids });
    expect((await harness.emulator.admin.operations()).operations).toHaveLength(3);
  },
);

harnessTests({ connection: { poll: { unauthorizedSeconds: 1 } } })('after unauthorizedSeconds they are rejected', async (harness) => {
  await harness.refuse(401, {}, 'k0');
  const batch = await harness.start({ items: items('k', 2), report: newReport() });
  const { counts, report } = await batch.result();
  expect(counts).toMatchObject({ succeeded: 1, failed: 1 });
  expect(harness.lines(report).find(({ id }) => id === 'k0')).toMatchObject({ failure: { type: 'SubmissionRejected', httpStatus: 401 } });
  const submits = await eventually(
    () => harness.submits('k0'),
    (all) => all.length >= 2,
  );
  expect(new Set(submits.map(({ headers }) => headers['operation-id'])).size).toBe(1);
});

harnessTests()('an operation alone is rejected at once', async (harness) => {
  await harness.refuse(401, {}, 'k0');
  const { submit } = item('k0');
  await expect(harness.lro.execute({ submit: submit! })).rejects.toMatchObject({
    type: 'SubmissionRejected',
    details: { httpStatus: 401 },
  });
});
