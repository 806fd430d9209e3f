/** A worker that is killed (SIGKILL) at any step loses nothing and repeats nothing that must not be repeated. */
import { eventually } from '../support/eventually';
import { isCalm, processTest, untilWaiting, type NamedOperation } from '../support/process-harness';

/** All polls, also of operations that are yet to come. */
const polls = (collection = '/mapData') => ({ method: 'GET', path: `^${collection}/operations/` });

processTest('killed while an operation waits, it is asked when it is due, and not before', async (harness, worker) => {
  const operation = await harness.start('waiting', { retryAfterSeconds: 2 });
  await untilWaiting(operation);
  await worker.kill();
  worker = await harness.startWorker();
  await harness.expectRightEnd(operation, { submits: 1, retryAfterSeconds: 2 });
});

processTest('killed while it asks, it asks again', async (harness, worker) => {
  await harness.addFault({ match: polls(), skip: 1, holdUntilReleased: true });
  const operation = await harness.start('asking');
  await harness.untilHeld(1);
  await worker.kill();
  worker = await harness.startWorker();
  await harness.expectRightEnd(operation, { submits: 1 });
});

processTest('an operation that is started while no worker is there is submitted once when one comes', async (harness, worker) => {
  await worker.kill();
  const operation = await harness.start('unserved');
  worker = await harness.startWorker();
  await harness.expectRightEnd(operation, { submits: 1 });
});

processTest('killed with the first workflow task in its hands, the operation is submitted once', async (harness, worker) => {
  // A stopped process still has its polls open: the server hands it the task, and it never does it.
  worker.signal('SIGSTOP');
  const operation = await harness.start('first-task');
  const handle = harness.client.workflow.getHandle(operation.id);
  await eventually(
    () => handle.fetchHistory(),
    ({ events }) => events?.some((event) => event.workflowTaskStartedEventAttributes) === true,
  );
  await worker.kill();
  worker = await harness.startWorker();
  await harness.expectRightEnd(operation, { submits: 1 });
});

processTest('of two workers one is killed while it asks: the other goes on', async (harness, worker) => {
  await harness.addFault({ match: polls(), holdUntilReleased: true });
  const operation = await harness.start('two-workers');
  await harness.untilHeld(1);
  const other = await harness.startWorker();
  await worker.kill();
  worker = other;
  await harness.expectRightEnd(operation, { submits: 1 });
});

processTest(
  'with 20 operations at all steps, each is asked again within 15 seconds of the return of the worker or its due time',
  async (harness, worker) => {
    const five = (name: string, start: (name: string) => Promise<NamedOperation>): Promise<NamedOperation[]> =>
      Promise.all([1, 2, 3, 4, 5].map((number) => start(`${name}-${number}`)));
    await harness.addFault({
      match: { method: 'POST', query: 'description=accepted-' },
      times: 5,
      waitAt: 'afterAccept',
      holdUntilReleased: true,
    });
    await harness.addFault({ match: polls('/styles'), times: 5, holdUntilReleased: true });
    const asking = await five('asked', (name) => harness.start(name, { collection: '/styles', retryAfterSeconds: 2 }));
    const submitting = await five('accepted', (name) => harness.start(name, { retryAfterSeconds: 2 }));
    await harness.untilHeld(10);
    const waiting = await five('waiter', (name) => harness.start(name, { retryAfterSeconds: 4 }));
    const progress = await eventually(
      () => Promise.all(waiting.map((operation) => operation.progress())),
      (all) => all.every(isCalm),
    );
    await worker.kill();
    const unserved = await five('unsent', (name) => harness.start(name, { retryAfterSeconds: 2 }));
    const lastSeq = Math.max(...(await harness.emulator.admin.requests()).map(({ seq }) => seq));

    worker = await harness.startWorker();
    const returnedAtMs = Date.now();
    /** The first request about an operation since the worker is back, in milliseconds since it could have been asked. */
    const firstAfter = async (filter: { method: string; path?: string; query?: string }, dueAtMs = 0): Promise<number> => {
      const [first] = await harness.emulator.admin.waitForRequests({ ...filter, since: lastSeq });
      return (first?.receivedAtMs ?? Infinity) - Math.max(returnedAtMs, dueAtMs);
    };
    const submit = ({ name }: NamedOperation) => ({ method: 'POST', query: `description=${name}(&|$)` });
    const poll = async (operation: NamedOperation) => ({ method: 'GET', path: `/${String((await operation.accepted()).operationId)}$` });
    const delaysMs = await Promise.all([
      ...[...submitting, ...unserved].map((operation) => firstAfter(submit(operation))),
      ...asking.map(async (operation) => firstAfter(await poll(operation))),
      ...waiting.map(async (operation, index) => firstAfter(await poll(operation), Date.parse(progress[index]?.nextPollAt ?? ''))),
    ]);
    expect(delaysMs).toHaveLength(20);
    expect(Math.max(...delaysMs)).toBeLessThan(15_000);

    await Promise.all([
      ...submitting.map((operation) => harness.expectRightEnd(operation, { submits: 2, retryAfterSeconds: 2 })),
      ...[...asking, ...unserved].map((operation) => harness.expectRightEnd(operation, { submits: 1, retryAfterSeconds: 2 })),
      ...waiting.map((operation) => harness.expectRightEnd(operation, { submits: 1, retryAfterSeconds: 4 })),
    ]);
  },
);
