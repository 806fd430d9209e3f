/** Rows: what the answer to a submit means. */
import type { Row } from '../row';
import { waitingToConnect } from '../row';
import { accepted, FAILED, follow, refused, running, STATUS, SUBMIT, SUCCEEDED } from './answers';

const POST = { submit: { path: '/things' } };
const PUT = { submit: { method: 'PUT' as const, path: '/things' } };
const AT_MOST_ONCE = { ...POST, onUncertainSubmit: 'fail' as const };
const THING = { id: 't-1', properties: { provisioningState: 'Succeeded' } };
const once = { [SUBMIT]: 1 };

export const SUBMIT_ROWS: readonly Row[] = [
  {
    name: 'a service that refuses connections at first is asked again, and that is the only try it sees',
    refuses: true,
    script: follow(SUCCEEDED),
    steps: [{ at: waitingToConnect, does: 'listen' }],
    expected: { end: 'succeeded', polls: 1, requests: { [SUBMIT]: 1, [STATUS]: 1 }, timers: ['wait * s to submit again (backoff)'] },
  },
  {
    name: 'a submit that is held off by 429 with Retry-After is sent again',
    script: { ...follow(SUCCEEDED), [SUBMIT]: [refused(429, { 'Retry-After': '1' }), accepted()] },
    expected: { end: 'succeeded', requests: { [SUBMIT]: 2, [STATUS]: 1 }, timers: ['wait * s to submit again (Retry-After)'] },
  },
  {
    name: 'a submit that is held off by 503 with Retry-After is sent again',
    script: { ...follow(SUCCEEDED), [SUBMIT]: [refused(503, { 'Retry-After': '1' }), accepted()] },
    input: AT_MOST_ONCE,
    expected: { end: 'succeeded', requests: { [SUBMIT]: 2, [STATUS]: 1 }, timers: ['wait * s to submit again (Retry-After)'] },
  },
  {
    name: 'the backoff of a submit that is refused for now grows with each try',
    script: { ...follow(SUCCEEDED), [SUBMIT]: [refused(429), refused(429), accepted()] },
    expected: {
      end: 'succeeded',
      lastBackoffSeconds: 2,
      requests: { [SUBMIT]: 3, [STATUS]: 1 },
      timers: ['wait * s to submit again (backoff)'],
    },
  },
  {
    name: 'an uncertain submit is sent again where that was asked',
    script: { ...follow(SUCCEEDED), [SUBMIT]: [refused(500), accepted()] },
    expected: { end: 'succeeded', requests: { [SUBMIT]: 2, [STATUS]: 1 }, timers: ['wait * s to submit again (backoff)'] },
  },
  {
    name: 'an uncertain submit is sent again, and its rejection says that the earlier one may have been accepted',
    script: { [SUBMIT]: [refused(500, { 'Retry-After': '0' }), refused(400)] },
    expected: { end: 'failed', type: 'SubmissionRejected', message: /an earlier try of this submit/, requests: { [SUBMIT]: 2 } },
  },
  {
    name: 'a submit answered with 500 is uncertain where at most one was asked',
    script: { [SUBMIT]: [refused(500)] },
    input: AT_MOST_ONCE,
    expected: {
      end: 'uncertain',
      type: 'SubmissionUncertain',
      message: /^"nobody knows whether POST \/things · \{connection\} was accepted/,
      httpStatus: 500,
      requests: once,
    },
  },
  {
    name: 'a submit whose connection is lost is uncertain where at most one was asked',
    script: { [SUBMIT]: [{ cut: true }] },
    input: AT_MOST_ONCE,
    expected: { end: 'uncertain', type: 'SubmissionUncertain', requests: once },
  },
  {
    name: 'a submit answered with 503 without Retry-After is uncertain where at most one was asked',
    script: { [SUBMIT]: [refused(503)] },
    input: AT_MOST_ONCE,
    expected: { end: 'uncertain', type: 'SubmissionUncertain', httpStatus: 503, requests: once },
  },
  {
    name: 'Operation-Location is followed',
    script: follow(running(), SUCCEEDED),
    expected: {
      end: 'succeeded',
      polls: 2,
      requests: { [SUBMIT]: 1, [STATUS]: 2 },
      result: { status: 'Succeeded', operationId: 'op-1', resourceLocation: '{base}/things/1', resourceId: '1' },
    },
  },
  {
    name: 'Azure-AsyncOperation is followed',
    script: {
      [SUBMIT]: [{ httpStatus: 202, headers: { 'Azure-AsyncOperation': '{base}/operations/1' } }],
      [STATUS]: [running(), SUCCEEDED],
    },
    expected: { end: 'succeeded', polls: 2, requests: { [SUBMIT]: 1, [STATUS]: 2 } },
  },
  {
    name: 'Location is followed until it answers with the result',
    script: {
      [SUBMIT]: [{ httpStatus: 202, headers: { Location: '{base}/operations/1' } }],
      [STATUS]: [{ httpStatus: 202 }, { body: { id: 't-1' } }],
    },
    expected: { end: 'succeeded', polls: 2, requests: { [SUBMIT]: 1, [STATUS]: 2 }, result: { body: { id: 't-1' } } },
  },
  {
    name: 'a PUT that names nothing to follow is followed at its own URL',
    script: {
      'PUT /things': [{ httpStatus: 201, body: { properties: { provisioningState: 'Creating' } } }],
      'GET /things': [{ body: { properties: { provisioningState: 'Updating' } } }, { body: THING }],
    },
    input: PUT,
    expected: { end: 'succeeded', polls: 2, requests: { 'PUT /things': 1, 'GET /things': 2 }, result: { body: THING } },
  },
  {
    name: 'a PUT with a monitor is read at its own URL in the end',
    script: { 'PUT /things': [accepted()], [STATUS]: [SUCCEEDED], 'GET /things': [{ body: THING }] },
    input: PUT,
    expected: { end: 'succeeded', polls: 1, requests: { 'PUT /things': 1, [STATUS]: 1, 'GET /things': 1 }, result: { body: THING } },
  },
  {
    name: 'a success at once is the end',
    script: { [SUBMIT]: [SUCCEEDED] },
    expected: { end: 'succeeded', polls: 0, requests: once, result: { resourceId: '1', operationId: 'op-1' } },
  },
  {
    name: 'a success at once without a body is the end',
    script: { [SUBMIT]: [{ httpStatus: 204 }] },
    expected: { end: 'succeeded', polls: 0, requests: once },
  },
  {
    name: 'a success at once whose resource is wanted is read',
    script: { [SUBMIT]: [SUCCEEDED], 'GET /things/1': [{ body: { id: 't-1' } }] },
    input: { ...POST, fetchResource: true },
    expected: { end: 'succeeded', polls: 0, requests: { [SUBMIT]: 1, 'GET /things/1': 1 }, result: { resource: { id: 't-1' } } },
  },
  {
    name: 'a failure at once is the end',
    script: { [SUBMIT]: [FAILED] },
    expected: { end: 'failed', type: 'OperationFailed', message: /no layer/, requests: once },
  },
  ...[400, 403, 404, 409, 422].map((code): Row => ({
    name: `a submit answered with ${code} is rejected, and never sent again`,
    script: { [SUBMIT]: [refused(code)] },
    expected: { end: 'failed', type: 'SubmissionRejected', httpStatus: code, message: /it is not to be/, requests: once },
  })),
  {
    name: 'a submit that is accepted without anything to follow is a protocol error',
    script: { [SUBMIT]: [{ httpStatus: 202 }] },
    expected: { end: 'failed', type: 'ProtocolError', httpStatus: 202, requests: once },
  },
  {
    name: 'a submit that is redirected is a protocol error, and the redirect is not followed',
    script: { [SUBMIT]: [{ httpStatus: 307, headers: { Location: '{base}/elsewhere' } }] },
    expected: { end: 'failed', type: 'ProtocolError', httpStatus: 307, requests: once },
  },
  {
    name: 'a service that does not know the idempotency headers is a protocol error',
    script: { [SUBMIT]: [refused(501)] },
    expected: { end: 'failed', type: 'ProtocolError', httpStatus: 501, requests: once },
  },
];
