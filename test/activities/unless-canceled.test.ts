/** Work of an activity that its workflow has canceled. */
import { ActivityCancellationDetails } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { unlessCanceled } from '../../src/activities/unless-canceled';

/** What work that never ends comes to, or `goes on`. */
async function canceled(details: { cancelRequested?: boolean; workerShutdown?: boolean }): Promise<string> {
  const env = new MockActivityEnvironment();
  const work: Promise<string> = env.run(() => unlessCanceled(new Promise<string>(() => undefined), () => 'what there is'));
  env.cancel('CANCELLED', new ActivityCancellationDetails(details));
  const goesOn = new Promise<string>((resolve) =>
    setTimeout(() => resolve('goes on'), details.cancelRequested === true ? 30_000 : 1000).unref(),
  );
  return Promise.race([work, goesOn]);
}

test('comes to what there is, soon after it was canceled', async () => {
  expect(await canceled({ cancelRequested: true })).toBe('what there is');
});

test('goes on where the worker ends', async () => {
  expect(await canceled({ workerShutdown: true })).toBe('goes on');
});

test('is what it is where nobody cancels', async () => {
  const env = new MockActivityEnvironment();
  expect(await env.run(() => unlessCanceled(Promise.resolve('all'), () => 'what there is'))).toBe('all');
});
