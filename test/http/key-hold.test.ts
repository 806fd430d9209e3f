/** Submits of batches while the service refuses the connection's credentials. [protocol.md section 4, row "submit, 401"] */
import { KeyHold } from '../../src/http/key-hold';

function open(unauthorizedSeconds = 3600) {
  const time = { ms: 1_000_000, wallMs: 5_000_000 };
  // The wall clock is off, and set in between: it dates the cause, and nothing more.
  const clock = { nowMs: () => time.wallMs, monotonicMs: () => time.ms, sleep: () => Promise.resolve() };
  return { time, hold: new KeyHold(unauthorizedSeconds, clock) };
}

/** Lets a submit go and answers it. */
function send(hold: KeyHold, key: string, httpStatus: number | undefined): void {
  const begun = hold.begin(key);
  if (begun.kind === 'held') throw new Error(`${key} is held`);
  hold.end(begun.ticket, httpStatus);
}

test('nobody is held before a key is refused', () => {
  const { hold } = open();
  for (const status of [202, 400, 403, 500, undefined]) send(hold, 'a', status);
  expect([hold.isHolding, hold.heldSeconds, hold.refusedForMs, hold.holdOf('a')]).toEqual([false, 0, undefined, undefined]);
});

test('after a 401 one submit at a time tries the key, others in vain between, and the first good answer lets all go', () => {
  const { hold, time } = open();
  send(hold, 'a', 401);
  expect(hold).toMatchObject({ isHolding: true, refusedForMs: 0 });
  const probe = hold.begin('b');
  expect(probe.kind).toBe('go');
  expect(hold.begin('c')).toMatchObject({ kind: 'held', cause: { httpStatus: 401, sinceMs: 5_000_000 } });
  expect(hold.holdOf('d')).toMatchObject({ kind: 'held' });
  if (probe.kind === 'go') hold.end(probe.ticket, 401);
  time.ms += 500;
  send(hold, 'c', 202);
  expect(hold.isHolding).toBe(false);
  send(hold, 'd', 202);
});

test('what the service refuses for another reason shows that it takes the key', () => {
  const { hold } = open();
  send(hold, 'a', 401);
  send(hold, 'b', 409);
  expect(hold.isHolding).toBe(false);
});

test.each([undefined, 503])('an answer that says nothing of the key changes nothing (%s)', (httpStatus) => {
  const { hold } = open();
  send(hold, 'a', 401);
  send(hold, 'b', httpStatus);
  expect(hold.isHolding).toBe(true);
});

test('after unauthorizedSeconds all are sent, and refused by the service itself', () => {
  const { hold, time } = open(60);
  send(hold, 'a', 401);
  time.ms += 60_000;
  expect([hold.isHolding, hold.heldSeconds]).toEqual([false, 0]);
  for (const key of ['b', 'c', 'd']) send(hold, key, 401);
  expect(hold.refusedForMs).toBe(60_000);
});

test('a clock that is set ends no hold, and prolongs none', () => {
  const { hold, time } = open(60);
  send(hold, 'a', 401);
  time.wallMs += 7_200_000;
  expect(hold.isHolding).toBe(true);
  time.wallMs -= 14_400_000;
  time.ms += 60_000;
  expect(hold.isHolding).toBe(false);
});
