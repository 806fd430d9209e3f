/** What the answer to a cancel call tells of the operation's end. */
import type { Json } from '../../src/contract';
import { decideCancel } from '../../src/lro/cancel';
import { answer, monitor, NOW_MS, settings } from './given';

const told = (code: number, body?: Json): unknown => {
  const set = settings({ poll: { maxUnreadable: 1, unreadableSeconds: 0 } });
  const decided = decideCancel(answer(code, {}, body), monitor({ style: 'location' }), set, NOW_MS);
  if (decided.kind !== 'ended') return decided.kind === 'accepted' ? undefined : decided.kind;
  return decided.decision.kind === 'failed' ? decided.decision.failure.type : decided.decision.kind;
};

test.each<[string, number, Json | undefined, string | undefined]>([
  ['204 tells none: it says that the call was taken', 204, undefined, undefined],
  ['202 tells none', 202, undefined, undefined],
  ['200 without a body tells none', 200, undefined, undefined],
  ['a page tells none', 200, '<html>', undefined],
  ['a running status tells none', 200, { status: 'Canceling' }, undefined],
  ['an unknown status beside an error tells none', 200, { status: 'Stopped', error: { code: 'A' } }, undefined],
  ['Canceled is the end', 200, { status: 'Canceled' }, 'OperationCanceled'],
  ['Succeeded is the end: it came too late', 200, { status: 'Succeeded' }, 'succeeded'],
  ['Failed is the end', 202, { status: 'Failed', error: { code: 'A', message: 'x' } }, 'OperationFailed'],
])('%s', (_what, code, body, end) => {
  expect(told(code, body)).toBe(end);
});
