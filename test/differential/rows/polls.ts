/** Rows: what the answers to polls and final GETs mean. */
import { arrived, type Row } from '../row';
import { ACCEPTED_WITH_RESULT, CANCELED, FAILED, FINAL, STATUS, SUBMIT, SUCCEEDED, accepted, follow, refused, running } from './answers';

const POST = { submit: { path: '/things' } };
const seen = { [SUBMIT]: 1, [STATUS]: 1, [FINAL]: 1 };
const soon = { poll: { maxSeconds: 0.1 } };

export const POLL_ROWS: readonly Row[] = [
  {
    name: 'a final GET that fails for ever is given up, and the operation has succeeded',
    script: { [SUBMIT]: [ACCEPTED_WITH_RESULT], [STATUS]: [SUCCEEDED], [FINAL]: [refused(500)] },
    connection: soon,
    expected: {
      end: 'succeeded',
      polls: 1,
      requests: { [SUBMIT]: 1, [STATUS]: 1, [FINAL]: 5 },
      result: { missing: { body: /the service answered 500/ } },
      timers: ['wait * s (backoff)'],
    },
  },
  {
    name: 'a service that is out of order for a while is asked again',
    script: follow(refused(500), refused(503), SUCCEEDED),
    connection: soon,
    expected: { end: 'succeeded', polls: 3, requests: { [SUBMIT]: 1, [STATUS]: 3 }, timers: ['wait * s (backoff)'] },
  },
  {
    name: 'a poll that is held off is asked again as Retry-After says',
    script: follow(refused(429, { 'Retry-After': '1' }), running('1'), SUCCEEDED),
    expected: { end: 'succeeded', polls: 3, requests: { [SUBMIT]: 1, [STATUS]: 3 }, timers: ['wait * s (Retry-After)'] },
  },
  {
    name: 'credentials that are refused for longer than the connection allows end it',
    script: follow(running(), refused(401)),
    connection: { poll: { maxSeconds: 0.1, unauthorizedSeconds: 0 } },
    expected: { end: 'failed', type: 'Unauthorized', httpStatus: 401, requests: { [SUBMIT]: 1, [STATUS]: 2 } },
  },
  {
    name: 'answers that make no sense end it',
    script: follow({ body: '<html>maintenance</html>' }),
    connection: { poll: { maxUnreadable: 2, unreadableSeconds: 0, maxSeconds: 0.1 } },
    expected: { end: 'failed', type: 'ProtocolError', statusUrl: '{base}/operations/1' },
  },
  {
    name: 'an operation that fails has the words of the service',
    script: follow(running(), FAILED),
    expected: {
      end: 'failed',
      type: 'OperationFailed',
      message: /no layer/,
      operationId: 'op-1',
      statusUrl: '{base}/operations/1',
      error: { code: 'BadDrawing', message: 'no layer' },
      requests: { [SUBMIT]: 1, [STATUS]: 2 },
    },
  },
  {
    name: 'an operation that is cancelled at the service ends so',
    script: follow(running(), CANCELED),
    expected: { end: 'canceled', type: 'OperationCanceled', requests: { [SUBMIT]: 1, [STATUS]: 2 } },
  },
  {
    name: 'an operation that is gone ends so',
    script: follow(running(), refused(410)),
    expected: { end: 'failed', type: 'OperationGone', httpStatus: 410, requests: { [SUBMIT]: 1, [STATUS]: 2 } },
  },
  {
    name: 'an operation that the service does not know any more is gone',
    script: follow(running(), refused(404)),
    connection: { poll: { goneAfterSeconds: 0 } },
    expected: { end: 'failed', type: 'OperationGone', httpStatus: 404 },
  },
  {
    name: 'a status URL on a host that is not trusted is refused',
    script: { [SUBMIT]: [accepted({ 'Operation-Location': 'http://elsewhere.example/operations/1' })] },
    expected: { end: 'failed', type: 'UntrustedUrl', statusUrl: 'http://elsewhere.example/operations/1', requests: { [SUBMIT]: 1 } },
  },
  {
    name: 'a word that nobody knows is running',
    script: follow({ body: { status: 'Pondering' } }, SUCCEEDED),
    expected: { end: 'succeeded', polls: 2, requests: { [SUBMIT]: 1, [STATUS]: 2 } },
  },
  {
    name: 'a status that is redirected is read where it is',
    script: { ...follow({ httpStatus: 302, headers: { Location: '{base}/moved/1' } }), 'GET /moved/1': [running(), SUCCEEDED] },
    expected: { end: 'succeeded', polls: 2, requests: { [SUBMIT]: 1, [STATUS]: 2, 'GET /moved/1': 2 } },
  },
  {
    name: 'a status URL that moves is followed',
    script: {
      ...follow({ headers: { 'Operation-Location': '{base}/moved/1' }, body: { status: 'Running' } }),
      'GET /moved/1': [SUCCEEDED],
    },
    expected: { end: 'succeeded', polls: 2, requests: { [SUBMIT]: 1, [STATUS]: 1, 'GET /moved/1': 1 } },
  },
  {
    name: 'the result is read at the Location of the submit',
    script: { [SUBMIT]: [ACCEPTED_WITH_RESULT], [STATUS]: [SUCCEEDED], [FINAL]: [{ body: { id: 't-1' } }] },
    expected: { end: 'succeeded', polls: 1, requests: seen, result: { body: { id: 't-1' } } },
  },
  {
    name: 'a final GET that is refused leaves the success as it is',
    script: { [SUBMIT]: [ACCEPTED_WITH_RESULT], [STATUS]: [SUCCEEDED], [FINAL]: [refused(403)] },
    expected: { end: 'succeeded', polls: 1, requests: seen, result: { missing: { body: /403/ } } },
  },
  {
    name: 'a final GET that fails once is tried again, and tells of it meanwhile',
    script: {
      [SUBMIT]: [ACCEPTED_WITH_RESULT],
      [STATUS]: [SUCCEEDED],
      [FINAL]: [refused(500, { 'Retry-After': '1' }), { held: true, body: { id: 't-1' } }],
    },
    steps: [{ at: arrived(FINAL, 2), does: 'release' }],
    expected: {
      end: 'succeeded',
      polls: 1,
      requests: { [SUBMIT]: 1, [STATUS]: 1, [FINAL]: 2 },
      progress: [{ status: 'Succeeded', polls: 1, resourceLocation: '{base}/things/1', lastProblem: { message: /^"final GET: / } }],
      result: { body: { id: 't-1' } },
    },
  },
  {
    name: 'while the final GET is on its way, the resource is known and nothing more is to be polled',
    script: {
      [SUBMIT]: [ACCEPTED_WITH_RESULT],
      [STATUS]: [SUCCEEDED],
      [FINAL]: [{ held: true, body: { id: 't-1' } }],
    },
    steps: [{ at: arrived(FINAL), does: 'release' }],
    expected: {
      end: 'succeeded',
      progress: [
        {
          status: 'Succeeded',
          operationId: '1',
          statusUrl: '{base}/operations/1',
          polls: 1,
          lastPollAt: '{time}',
          resourceLocation: '{base}/things/1',
        },
      ],
    },
  },
  {
    name: 'while a submit is on its way, nothing is known yet',
    script: { ...follow(SUCCEEDED), [SUBMIT]: [{ ...accepted(), held: true }] },
    steps: [{ at: arrived(SUBMIT), does: 'release' }],
    expected: { end: 'succeeded', progress: [{ polls: 0 }] },
  },
  {
    name: 'while a poll is on its way, no next one is named',
    script: follow(running(), { ...SUCCEEDED, held: true }),
    steps: [{ at: arrived(STATUS, 2), does: 'release' }],
    expected: {
      end: 'succeeded',
      progress: [{ status: 'Running', operationId: '1', statusUrl: '{base}/operations/1', polls: 1, lastPollAt: '{time}' }],
    },
  },
  {
    name: 'a resource that is wanted is read',
    script: { ...follow(SUCCEEDED), [FINAL]: [{ body: { id: 't-1' } }] },
    input: { ...POST, fetchResource: true },
    expected: { end: 'succeeded', requests: seen, result: { resource: { id: 't-1' } } },
  },
  {
    name: 'finalStateVia names where the result is read',
    script: { [SUBMIT]: [ACCEPTED_WITH_RESULT], [STATUS]: [SUCCEEDED], [FINAL]: [{ body: { id: 't-1' } }] },
    input: { ...POST, finalStateVia: 'location' },
    expected: { end: 'succeeded', requests: seen, result: { body: { id: 't-1' } } },
  },
  {
    name: 'a warning, the time of creation and labels come with the result',
    script: {
      [SUBMIT]: [{ ...accepted(), body: { status: 'NotStarted', created: '3/11/2020 8:45:13 PM +00:00' } }],
      [STATUS]: [{ body: { status: 'Succeeded', warning: { code: 'W', message: 'a room without a door' } } }],
    },
    input: { ...POST, labels: { campus: '7' } },
    expected: {
      end: 'succeeded',
      result: {
        createdText: '3/11/2020 8:45:13 PM +00:00',
        warning: { code: 'W', message: 'a room without a door' },
        labels: { campus: '7' },
      },
    },
  },
  {
    name: 'an operation that was started elsewhere is followed',
    script: { [STATUS]: [running(), SUCCEEDED] },
    input: { attach: { statusUrl: '{base}/operations/1' } },
    expected: { end: 'succeeded', polls: 2, requests: { [STATUS]: 2 }, result: { resourceId: '1' } },
  },
  {
    name: 'an operation that was started elsewhere and is gone ends so',
    script: { [STATUS]: [refused(410)] },
    input: { attach: { statusUrl: '/operations/1' } },
    expected: { end: 'failed', type: 'OperationGone', requests: { [STATUS]: 1 } },
  },
];
