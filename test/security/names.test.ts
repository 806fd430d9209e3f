/** Names that callers choose and that plain objects inherit: they are names like others, or refused; never found where nobody put them. */
import { readItem } from '../../src/activities/item';
import type { ChainInput, OperationFields, OperationInput } from '../../src/contract';
import { checkBatch } from '../../src/schema/batch';
import { checkChain } from '../../src/schema/chain';
import { connectionsOf, prepared } from './prepared';

const INHERITED = ['constructor', 'toString', 'hasOwnProperty', 'valueOf', 'isPrototypeOf'];
const connections = connectionsOf();

function item(written: object, defaults?: OperationFields): ReturnType<typeof readItem> {
  return readItem(written, 'items[0]', { workflowId: 'w', firstRunId: 'r', ...(defaults && { defaults }) });
}

test.each(INHERITED)('%s is a query parameter, a header and a label like others', (name) => {
  const headers = { [name]: 'h' };
  const operation = prepared({ submit: { path: '/a', query: { [name]: 'q' }, headers }, labels: { [name]: 'l' } }, connections);
  expect(operation).toMatchObject({ submit: { url: `https://api.example.com/v1/a?${name}=q` } });
});

test.each(INHERITED)('%s is no connection', (connection) => {
  expect(prepared({ connection, submit: { path: '/a' } }, connections)).toMatch(/^UnknownConnection: /);
});

test.each(INHERITED)('%s is a step that is made only where it is said to be', (id) => {
  const steps = [{ id, submit: { path: '/a' } }];
  expect(checkChain('chain', { steps })).toMatchObject({ ok: true });
  expect(checkChain('chain', { steps, made: { [id]: {} } })).toMatchObject({
    ok: false,
    mistakes: [expect.stringContaining('nothing left')],
  });
  const other = { steps: [{ id: 'other', submit: { path: `/{{steps.${id}.resourceId}}` } }] };
  expect(checkChain('chain', other)).toMatchObject({ ok: false, mistakes: [expect.stringContaining('does not have')] });
});

test.each(['submit.query', 'submit.headers', 'submit.body', 'labels', 'submit'])('__proto__ in %s is refused, not ignored', (place) => {
  const input = JSON.parse(`{"submit":{"path":"/a","query":{},"headers":{},"body":{}},"labels":{}}`) as Record<string, never>;
  const holder = place.split('.').reduce<Record<string, never>>((value, name) => value[name] as never, input);
  Object.defineProperty(holder, '__proto__', { value: { path: '/b' }, enumerable: true });
  expect(prepared(input, connections)).toBe(`InvalidInput: ${place}: must not have a field "__proto__"`);
});

test('__proto__ in an item or in the defaults of a batch adds no field to anything', () => {
  const written = JSON.parse('{"id":"a","__proto__":{"submit":{"path":"/b"},"labels":{}},"submit":{"__proto__":{"path":"/b"}}}') as object;
  const read = item(written, { deadlineSeconds: 5 });
  expect(read).toMatchObject({ ok: true });
  const { input } = read as { input: object };
  expect(Object.getPrototypeOf(input)).toBe(Object.prototype);
  expect(Object.getPrototypeOf((input as { submit: object }).submit)).toBe(Object.prototype);
  expect(prepared(input, connections)).toMatch(/^InvalidInput: input: must not have a field "__proto__"/);
  const defaults = JSON.parse('{"__proto__":{"submit":{"path":"/b"}}}') as OperationInput;
  expect(checkBatch({ items: [{ id: 'a' }], defaults })).toMatchObject({
    ok: false,
    mistakes: ['defaults: must not have a field "__proto__"'],
  });
  expect(({} as { submit?: unknown }).submit).toBeUndefined();
});

test.each(INHERITED)('%s is a field of a body that an item adds to the defaults', (name) => {
  const read = item({ id: 'a', submit: { body: { [name]: { a: 1 } } } }, { submit: { path: '/a', body: { b: 2 } } });
  expect(read).toMatchObject({ ok: true, input: { submit: { path: '/a', body: { b: 2, [name]: { a: 1 } } } } });
});

test('items share what they leave of the defaults: ten thousand of them cost no more than one', () => {
  const defaults: OperationInput = { submit: { path: '/a', body: 'x'.repeat(15_000) } };
  const [first, second] = [item({ id: 'a' }, defaults), item({ id: 'b', submit: { query: { x: 1 } } }, defaults)];
  expect(first).toMatchObject({ ok: true, input: defaults });
  expect(second).toMatchObject({ ok: true, input: { submit: { ...defaults.submit, query: { x: 1 } } } });
  const short: OperationInput = { submit: { path: '/a', body: 'x' } };
  const cpuMsWith = (given: OperationInput): number => {
    const before = process.cpuUsage();
    for (let index = 0; index < 10_000; index++) item({ id: String(index), deadlineSeconds: 1 }, given);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  };
  cpuMsWith(short);
  // Copied, they would cost fifteen thousand times as many characters.
  expect(cpuMsWith(defaults)).toBeLessThan(10 * cpuMsWith(short));
});

test('a body of one kind stands instead of one of the other, and an attach instead of a submit', () => {
  const defaults: OperationInput = { submit: { path: '/a', body: { b: 2 } } };
  expect(item({ id: 'a', submit: { bodyFile: { path: 'f' } } }, defaults)).toMatchObject({
    input: { submit: { path: '/a', bodyFile: { path: 'f' } } },
  });
  expect(item({ id: 'a', submit: { bodyFile: { path: 'f' } } }, defaults)).not.toHaveProperty('input.submit.body');
  expect(item({ id: 'a', attach: { statusUrl: '/s' } }, defaults)).not.toHaveProperty('input.submit');
});

test.each(['application/zip', 'text/plain; charset=utf-8', 'multipart/form-data;boundary="a b;c"', 'application/vnd.a+json'])(
  '%s is a content type',
  (contentType) => {
    const chain: ChainInput = { steps: [{ id: 'a', submit: { path: '/a', bodyFile: { path: 'f', contentType } } }] };
    expect(prepared(chain.steps[0]!.submit && { submit: chain.steps[0]!.submit }, connections)).toMatchObject({
      submit: { streamsFile: true },
    });
  },
);

test.each(['zip', 'application/', 'a/b\r\nX-Evil: 1', 'a/b\nc', 'a/b;', 'a/b; c', 'a/b; c="', 'text/plain; a=\u00e9', 'a b/c', '\u0000/b'])(
  '%j is none: InvalidInput before anything is sent',
  (contentType) => {
    expect(prepared({ submit: { path: '/a', bodyFile: { path: 'f', contentType } } }, connections)).toBe(
      'InvalidInput: submit.bodyFile.contentType: must be a media type such as application/zip or text/plain; charset=utf-8',
    );
  },
);
