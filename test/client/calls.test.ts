/** Waiting for an end, whatever the server does with the wait. */
import { ServiceError, type Client } from '@temporalio/client';
import { waitFor } from '../../src/client/calls';

/** What is asked once a call has failed is not asked here. */
const client = undefined as unknown as Client;
const run = { kind: 'batch' as const, id: 'b' };

/** What the client throws when a call ends with this code of gRPC. */
function refused(code: number): Error {
  return new ServiceError('Failed to get Workflow result', { cause: Object.assign(new Error('refused'), { code }) });
}

/** Fails with each of these in turn, then returns `done`. */
function failingWith(...errors: Error[]): jest.Mock<Promise<string>> {
  const call = jest.fn<Promise<string>, []>().mockResolvedValue('done');
  for (const error of errors) call.mockRejectedValueOnce(error);
  return call;
}

test('a wait without a timeout goes on where the server has given up its side of it', async () => {
  const call = failingWith(refused(4), refused(4));
  expect(await waitFor(client, run, 'result', undefined, call)).toBe('done');
  expect(call).toHaveBeenCalledTimes(3);
});

test('what is no timeout is not waited out', async () => {
  const call = failingWith(refused(5));
  await expect(waitFor(client, run, 'result', undefined, call)).rejects.toThrow();
  expect(call).toHaveBeenCalledTimes(1);
});
