/** How each style of status URL reads its answers [protocol.md section 2]. */
import type { Json } from '../../src/contract';
import type { Answer } from '../../src/lro/answer';
import type { Monitor, MonitorStyle, StatusDecision } from '../../src/lro/monitor';
import { decideStatus } from '../../src/lro/status';
import { answer, HOST, monitor, NOW_MS, settings } from './given';

const state = (provisioningState: string): Json => ({ id: '100', properties: { provisioningState } });
const page = '<html><head><title>502</title></head></html>';

function decide(style: MonitorStyle, to: Answer, of: Partial<Monitor> = {}): StatusDecision {
  return decideStatus(to, monitor({ style, ...of }), settings(), NOW_MS, 0.5);
}
/** `running`, `running, told`, `unreadable`, `succeeded` or the type of the failure. */
function outcomeOf(decision: StatusDecision): string {
  if (decision.kind === 'failed') return decision.failure.type;
  if (decision.kind === 'succeeded') return 'succeeded';
  if (decision.trouble?.kind === 'Unreadable') return 'unreadable';
  return decision.trouble === undefined ? 'running' : 'running, told';
}
type Row = [what: string, code: number, body: Json | undefined, outcome: string];
const reads = (style: MonitorStyle, rows: Row[], of: Partial<Monitor> = {}): void => {
  test.each(rows)('%s', (_what, code, body, outcome) => {
    expect(outcomeOf(decide(style, answer(code, {}, body), of))).toBe(outcome);
  });
};

describe('a monitor', () => {
  reads('monitor', [
    ['204 is the end', 204, undefined, 'succeeded'],
    ['202 without a body is running', 202, undefined, 'running'],
    ['202 with a page makes no sense', 202, page, 'unreadable'],
    ['200 without a body makes no sense', 200, undefined, 'unreadable'],
    ['an error without a status makes no sense', 200, { error: { code: 'A', message: 'transient' } }, 'unreadable'],
    ['an unknown word is running, and told', 200, { status: 'newManagedIdentityCredentialStep' }, 'running, told'],
    ['an unknown word beside an error is running, and told', 200, { status: 'Retried', error: { code: 'A' } }, 'running, told'],
    ['a known word with more in it is running', 200, { status: "InProgress:{ 'x': 1 }" }, 'running'],
    ['an error beside a success means nothing', 200, { status: 'Succeeded', error: { code: 'None' } }, 'succeeded'],
    ['a state of a resource is no status', 200, state('Succeeded'), 'unreadable'],
    ['a status without a letter is none', 200, { status: ' ' }, 'unreadable'],
    ['a refusal is none of its ends', 409, { error: { code: 'A', message: 'x' } }, 'unreadable'],
  ]);

  test('an unknown word is told with the setting that would make it an end', () => {
    expect(decide('monitor', answer(200, {}, { status: 'Reticulating' }))).toMatchObject({
      status: 'Reticulating',
      trouble: {
        message: expect.stringMatching(/"Reticulating".*"statusWords" \(succeeded, failed, canceled or running\) of connection "maps"/),
      },
    });
  });
});

describe('a Location', () => {
  reads('location', [
    ['a running state is running', 200, state('Creating'), 'running'],
    ['a running state beside a word of its own is running', 200, { status: 'Active', provisioningState: 'Updating' }, 'running'],
    ['an unknown state is part of the result', 200, state('ResolvingDNS'), 'succeeded'],
    ['a failed state is part of the result, except of a PUT', 200, state('Failed'), 'succeeded'],
    ['an unknown word beside an error has failed', 200, { status: 'TestFailed', error: { code: 'A' } }, 'OperationFailed'],
    ['an unknown word beside errors has failed', 200, { status: 'TestFailed', errors: [{ message: 'x' }] }, 'OperationFailed'],
    ['an unknown word beside a failureReason has failed', 200, { status: 'Broken', failureReason: 'x' }, 'OperationFailed'],
    ['an unknown word beside an error that is null is the result', 200, { status: 'Active', error: null }, 'succeeded'],
    ['an unknown word beside no errors is the result', 200, { status: 'Active', errors: [] }, 'succeeded'],
    ['an unknown word beside an error None is the result', 200, { status: 'Active', error: { code: 'none' } }, 'succeeded'],
    ['a running word beside an error is running', 200, { status: 'Running', error: { code: 'A' } }, 'running'],
    ['an unknown word on 202 is running, and told', 202, { status: 'TestFailed', error: { code: 'A' } }, 'running, told'],
    ['a terminal state on 202 is running', 202, state('Succeeded'), 'running'],
    ['progress in its word on 202 is running', 202, { status: 'Running, Progress = 5.00 %' }, 'running'],
    ['a page is a gateway speaking', 200, page, 'unreadable'],
    ['a page on 202 is running', 202, page, 'running'],
  ]);

  describe('of a PUT or PATCH', () => {
    reads(
      'location',
      [
        ['a failed state has failed', 200, state('Failed'), 'OperationFailed'],
        ['a canceled state was canceled', 200, state('Canceled'), 'OperationCanceled'],
        ['a good state is the result', 200, state('Succeeded'), 'succeeded'],
      ],
      { makesResource: true },
    );
  });

  test('a page is the result where the caller asked for one', () => {
    expect(outcomeOf(decide('location', answer(200, {}, page), { headers: { accept: 'text/html' } }))).toBe('succeeded');
  });
});

describe('a resource', () => {
  reads('resource', [
    ['a running status is running', 200, { status: 'Running' }, 'running'],
    ['a terminal status is the end', 200, { status: 'Succeeded' }, 'succeeded'],
    ['a failed status has failed', 200, { status: 'Failed' }, 'OperationFailed'],
    ['a state decides before a status', 200, { status: 'Succeeded', properties: { provisioningState: 'Updating' } }, 'running'],
    ['a good state ends it whatever its status', 200, { status: 'Running', properties: { provisioningState: 'Succeeded' } }, 'succeeded'],
    ['an unknown state is running, and told', 200, state('ResolvingDNS'), 'running, told'],
    ['a status of its own is the end', 200, { status: 'Active' }, 'succeeded'],
    ['202 is running', 202, { id: '100' }, 'running'],
    ['204 is the end', 204, undefined, 'succeeded'],
    ['a page is a gateway speaking', 200, page, 'unreadable'],
  ]);
});

describe('a resource that is deleted', () => {
  reads('deletion', [
    ['404 is the end', 404, undefined, 'succeeded'],
    ['410 is the end', 410, undefined, 'succeeded'],
    ['204 is the end', 204, undefined, 'succeeded'],
    ['Deleted is the end', 200, state('Deleted'), 'succeeded'],
    ['SoftDeleted is the end', 200, state('softDeleted'), 'succeeded'],
    ['Failed has failed', 200, state('Failed'), 'OperationFailed'],
    ['Canceled was canceled', 200, state('Canceled'), 'OperationCanceled'],
    ['a good state still exists', 200, state('Succeeded'), 'running, told'],
    ['no state still exists', 200, { id: '100', state: 'deleting' }, 'running, told'],
    ['nothing still exists', 200, undefined, 'running, told'],
    ['202 is running', 202, undefined, 'running'],
    ['401 is the key', 401, undefined, 'running, told'],
    ['409 makes no sense', 409, { error: { code: 'A' } }, 'unreadable'],
  ]);

  test('is told to exist still', () => {
    expect(decide('deletion', answer(200, {}, { id: '100' }))).toMatchObject({ trouble: { message: 'the resource still exists' } });
  });
});

describe('a 4xx at a URL that becomes the result', () => {
  const error = { error: { code: 'ValidationError', message: 'wrong', details: [{ message: 'duplicate operation id' }] } };
  const styles: MonitorStyle[] = ['location', 'resource'];

  test.each([400, 409, 412, 413, 422])('%d with an error is the operation’s own end, at once', (code) => {
    for (const style of styles) {
      expect(decide(style, answer(code, {}, error))).toMatchObject({
        failure: {
          type: 'OperationFailed',
          httpStatus: code,
          message: expect.stringContaining('duplicate operation id'),
          error: error.error,
        },
      });
    }
  });

  test.each<[string, number, Record<string, string>, Json | undefined]>([
    ['with a Retry-After', 409, { 'Retry-After': '1' }, error],
    ['without an error', 400, {}, { id: '100' }],
    ['that is a page', 400, {}, page],
    ['that speaks of the api-version', 400, {}, { error: { code: 'MissingApiVersionParameter', message: 'x' } }],
    ['of another kind', 405, {}, error],
  ])('%s is read again', (_what, code, headers, body) => {
    for (const style of styles) expect(outcomeOf(decide(style, answer(code, headers, body)))).toBe('unreadable');
  });

  test('is read again where the operation has told a status before', () => {
    for (const httpStatus of [200, 202]) {
      const running = decide('location', answer(httpStatus, {}, { status: 'Running' }));
      const next = running.kind === 'running' ? running.monitor : undefined;
      expect(outcomeOf(decide('location', answer(409, {}, error), next))).toBe('unreadable');
    }
    const silent = decide('location', answer(202, { Location: '/next' }));
    expect(outcomeOf(decide('location', answer(409, {}, error), silent.kind === 'running' ? silent.monitor : undefined))).toBe(
      'OperationFailed',
    );
  });
});

describe('a probe', () => {
  const made = `${HOST}/made/1`;
  const probe = (to: Parameters<typeof decideStatus>[0], of: Partial<Monitor> = {}): StatusDecision =>
    decideStatus(to, monitor({ style: 'location', probe: { resourceLocation: made }, ...of }), settings(), NOW_MS, 0.5);

  test.each<[string, Answer]>([
    ['202', answer(202)],
    ['a running word', answer(200, {}, { status: 'Running' })],
    ['a running state', answer(200, {}, state('Creating'))],
  ])('that finds %s is followed, and is no probe any more', (_what, to) => {
    const decision = probe(to);
    expect(decision).toMatchObject({ kind: 'running', monitor: { style: 'location' } });
    expect(decision.kind === 'running' && decision.monitor?.probe).toBeUndefined();
  });

  test('that finds anything else has the result', () => {
    expect(probe(answer(200, {}, { id: '100' }))).toMatchObject({
      kind: 'succeeded',
      outcome: { body: { id: '100' }, resourceLocation: made, resourceId: '1' },
    });
  });

  test('that finds a failure has failed', () => {
    expect(outcomeOf(probe(answer(200, {}, { status: 'Failed' })))).toBe('OperationFailed');
  });

  test.each<[string, Parameters<typeof decideStatus>[0]]>([
    ['400', answer(400, {}, { error: { code: 'A', message: 'x' } })],
    ['401', answer(401)],
    ['403', answer(403)],
    ['404', answer(404)],
    ['405', answer(405)],
    ['410', answer(410)],
    ['302', answer(302, { Location: 'https://login.example/x' })],
    ['a page', answer(200, {}, page)],
    ['an untrusted host', { kind: 'untrusted', url: 'https://other.example/', reason: 'not trusted' }],
  ])('that finds %s leaves the success as it stands', (_what, to) => {
    expect(probe(to)).toMatchObject({
      kind: 'succeeded',
      outcome: { status: 'Succeeded', resourceLocation: made, resourceId: '1', missing: { body: expect.any(String) } },
    });
  });

  test('that finds nobody is tried a few times', () => {
    let current: Partial<Monitor> = {};
    const kinds = Array.from({ length: 5 }, () => {
      const decision = probe(answer(503), current);
      current = decision.kind === 'running' ? (decision.monitor ?? {}) : {};
      return decision.kind;
    });
    expect(kinds).toEqual(['running', 'running', 'running', 'running', 'succeeded']);
  });

  test('that was held back was none', () => {
    const held = { kind: 'noAnswer', method: 'GET', url: made, maybeSent: false, reason: 'not sent', waitSeconds: 3 } as const;
    expect(probe(held, { tally: { unreachable: 9 } })).toMatchObject({ kind: 'running', notAsked: true });
  });
});

describe('trouble with a status', () => {
  const kindOf = (decision: StatusDecision): unknown => (decision.kind === 'running' ? decision.trouble?.kind : decision.kind);

  test('has its kind', () => {
    expect(kindOf(decide('monitor', answer(429)))).toBe('Throttled');
    expect(kindOf(decide('monitor', answer(503, { 'Retry-After': '1' })))).toBe('Throttled');
    expect(kindOf(decide('monitor', answer(503)))).toBe('Unreachable');
    expect(kindOf(decide('monitor', answer(404)))).toBe('Unreadable');
    const none = { kind: 'noCredentials', url: HOST, reason: 'no token' } as const;
    expect(kindOf(decideStatus(none, monitor(), settings(), NOW_MS, 0))).toBe('Unauthorized');
  });

  test('is told in the service’s own words', () => {
    for (const code of [429, 503]) {
      expect(decide('monitor', answer(code, {}, { error: { code: 'Busy', message: 'at most 5 polls a second' } }))).toMatchObject({
        trouble: { message: `the service answered ${code}: Busy: at most 5 polls a second` },
      });
    }
  });

  test('of a redirect to a host that is not trusted says that it may be a login page', () => {
    expect(decide('monitor', answer(302, { Location: 'https://login.example/?ReturnUrl=x' }))).toMatchObject({
      trouble: {
        kind: 'Unreadable',
        message: expect.stringMatching(/https:\/\/login\.example\/.*not a trusted host: it may be a login page/),
      },
    });
  });
});
