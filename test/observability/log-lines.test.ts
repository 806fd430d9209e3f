/** What is written as a line of the log: without secrets, one object, of a bounded length. */
import { ApplicationFailure } from '@temporalio/common';
import { LogRedaction } from '../../src/http';
import { Redactor } from '../../src/http/redact';
import { errorFields } from '../../src/hosting/log-errors';
import { writtenLine } from '../../src/hosting/log-lines';
import { processSecrets } from '../../src/hosting/process-secrets';

const SECRET = 'pa"ss\\word-"with-quotes-4711"';

function lineOf(fields: object, redaction: LogRedaction): Record<string, unknown> {
  const line = writtenLine(`${JSON.stringify({ level: 'info', time: 't', ...fields, msg: 'what happened' })}\n`, redaction.clean);
  expect(line.endsWith('\n')).toBe(true);
  expect(line.length).toBeLessThan(16_100);
  return JSON.parse(line) as Record<string, unknown>;
}

function redactionOf(...secrets: string[]): LogRedaction {
  const redaction = new LogRedaction();
  for (const secret of secrets) redaction.add(secret);
  return redaction;
}

test('a line without secrets is written as it is', () => {
  expect(lineOf({ a: 1, b: ['x'] }, redactionOf())).toEqual({ level: 'info', time: 't', a: 1, b: ['x'], msg: 'what happened' });
});

test('a secret is masked in every field, also in the stack and the causes of an error, and the line stays an object', () => {
  const cause = new Error(`inside: ${SECRET}`);
  const error = errorFields(new Error(`broken by ${SECRET}`, { cause }));
  const line = lineOf({ error, url: `https://host/?key=${encodeURIComponent(SECRET)}`, deep: { list: [SECRET] } }, redactionOf(SECRET));
  expect(line).toMatchObject({ level: 'info', msg: 'what happened', error: { name: 'Error', message: 'broken by ***' } });
  expect(JSON.stringify(line)).not.toMatch(/with-quotes|4711/);
  expect((line['error'] as { stack: string }).stack).toContain('log-lines.test');
});

test('a failure says its type instead of its stack', () => {
  const failure = ApplicationFailure.nonRetryable('rejected', 'SubmissionRejected');
  expect(errorFields(failure)).toEqual({ name: 'ApplicationFailure', message: 'rejected', failureType: 'SubmissionRejected' });
});

test('what is long, broad or deep is cut', () => {
  let deep: unknown = 'end';
  for (let depth = 0; depth < 200; depth++) deep = { deep };
  const fields = { text: 'x'.repeat(100_000), list: new Array(10_000).fill('y'), deep };
  expect(lineOf(fields, redactionOf(SECRET))).toMatchObject({
    level: 'info',
    time: 't',
    msg: 'what happened',
    cutFromChars: expect.any(Number) as number,
  });
});

test('secrets of others are masked while they are there', () => {
  const redaction = new LogRedaction();
  const theirs = new Redactor();
  const end = redaction.follow(theirs);
  expect(redaction.clean('a their-secret')).toBe('a their-secret');
  theirs.add('their-secret');
  expect(redaction.clean('a their-secret')).toBe('a ***');
  theirs.add('a newer-secret');
  expect(redaction.clean('their-secret, a newer-secret')).toBe('***, ***');
  end();
  expect(redaction.clean('a their-secret')).toBe('a their-secret');
});

test('the secrets of the environment are known', () => {
  const key = Buffer.alloc(32, 7).toString('base64');
  const env = {
    TEMPORAL_API_KEY: 'temporal-key',
    OTEL_EXPORTER_OTLP_HEADERS: 'api-key=otlp%2Dkey-1,authorization=Bearer%20otlp-key-2',
    LRO_ENCRYPTION_KEYS: `{ current: a, keys: { a: ${key} } }`,
  };
  expect(processSecrets(env)).toEqual(expect.arrayContaining(['temporal-key', 'otlp-key-1', 'Bearer otlp-key-2', 'otlp-key-2', key]));
});
