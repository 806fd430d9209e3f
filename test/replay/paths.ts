/** One operation for every path through the workflow, each of a few polls: what the histories beside this file were recorded from. */
import type { WorkflowHandle } from '@temporalio/client';
import { POLL_NOW_SIGNAL, type AttachInput, type SubmitInput } from '../../src/contract';
import type { Emulator, Script } from '../../src/emulator';

export type Answer = Script['routes'][number]['answers'][number];

export interface Path {
  /** Answers in order; the last one repeats. Default: accepted, and succeeded at the first poll. */
  submit?: Answer[];
  status?: Answer[];
  thing?: Answer[];
  cancel?: Answer[];
  input?: Partial<SubmitInput> | AttachInput;
  /** What somebody does meanwhile. `asked` waits for the answered requests to a route. */
  meanwhile?: (handle: WorkflowHandle, asked: (route: string, count?: number) => Promise<unknown>, emulator: Emulator) => Promise<unknown>;
  continueAsNewAfterEvents?: number;
}

export const ACCEPTED: Answer = { httpStatus: 202, headers: { 'operation-location': '{base}/status', 'retry-after': '0' } };
export const running = (retryAfter: number): Answer => ({
  headers: { 'retry-after': String(retryAfter) },
  body: { operationId: 'op-1', status: 'Running' },
});
export const SUCCEEDED: Answer = {
  headers: { 'resource-location': '{base}/thing' },
  body: { operationId: 'op-1', created: '3/11/2020 8:45:13 PM +00:00', status: 'Succeeded' },
};
/** A tracker polls it. */
const SHARED = { follow: 'shared' } as const;
export const CANCEL: Partial<SubmitInput> = { cancel: { path: '{statusPath}/cancel' } };
export const busy = (retryAfter: number): Answer => ({ httpStatus: 429, headers: { 'retry-after': String(retryAfter) } });

export const DEFAULT_SUBMIT = [ACCEPTED];
export const DEFAULT_STATUS = [SUCCEEDED];

/** The submit says in its query where it is looked for. */
export const FIND = {
  url: '{base}/{$request.query.find}',
  pollingLocation: '{base}/{$response.body#/at}',
  settleSeconds: 1,
  absenceIsProof: true,
};
const NOT_THERE: Answer = { httpStatus: 404 };
const lost = (name: string): Path => ({
  submit: [{ httpStatus: 500 }, ACCEPTED],
  input: {
    connection: 'findable',
    onUncertainSubmit: 'fail',
    submit: { path: `/scripts/${name}/submit`, query: { find: `scripts/${name}/thing` } },
  },
});

export const PATHS: Record<string, Path> = {
  success: { status: [running(1), running(0), SUCCEEDED], input: { labels: { campus: '7' } } },
  'success-at-once': { submit: [{ httpStatus: 200, ...SUCCEEDED }] },
  'success-with-final-get': {
    status: [{ body: { status: 'Succeeded', resourceLocation: '{base}/thing' } }],
    thing: [{ httpStatus: 503, headers: { 'retry-after': '1' } }, { body: { name: 't1' } }],
    input: { fetchResource: true },
  },
  'success-with-result-file': {
    status: [{ body: { status: 'Succeeded', resourceLocation: '{base}/thing' } }],
    thing: [{ httpStatus: 503, headers: { 'retry-after': '1' } }, { body: { name: 't1' } }],
    input: { resultFile: { path: '{workflowId}.json' } },
  },
  moved: {
    status: [{ headers: { 'operation-location': '{base}/thing', 'retry-after': '1' }, body: { status: 'Running' } }],
    thing: [{ body: { status: 'Succeeded' } }],
  },
  shared: { status: [running(1), running(0), SUCCEEDED], input: SHARED },
  'shared-attach': { input: { submit: undefined, ...SHARED, attach: { statusUrl: '{base}/status' } }, status: [running(1), SUCCEEDED] },
  'shared-failed': {
    status: [running(1), { body: { status: 'Failed', error: { code: 'DwgError', message: 'no layer' } } }],
    input: SHARED,
  },
  'shared-rejected-then-accepted': { submit: [busy(1), ACCEPTED], input: SHARED },
  'shared-deadline': { status: [running(1)], input: { ...SHARED, deadlineSeconds: 2 } },
  'shared-cancel': {
    status: [running(3600)],
    cancel: [{ httpStatus: 202 }],
    input: { ...SHARED, ...CANCEL },
    meanwhile: async (handle, asked) => (await asked('status'), handle.cancel()),
  },
  'shared-poll-now': {
    status: [running(3600), SUCCEEDED],
    input: SHARED,
    meanwhile: async (handle, asked) => (await asked('status'), handle.signal(POLL_NOW_SIGNAL)),
  },
  'shared-continue-as-new': {
    status: [...Array.from({ length: 12 }, () => running(0)), SUCCEEDED],
    input: SHARED,
    continueAsNewAfterEvents: 40,
  },
  attach: { input: { submit: undefined, attach: { statusUrl: '{base}/status' } }, status: [running(1), SUCCEEDED] },
  rejected: { submit: [{ httpStatus: 400, body: { error: { code: 'BadRequest', message: 'no such dataset' } } }] },
  'invalid-input': { input: { submit: undefined } },
  failed: { status: [running(1), { body: { status: 'Failed', error: { code: 'DwgError', message: 'no layer' } } }] },
  unreadable: { status: [{ body: 'not JSON' }] },
  untrusted: { submit: [{ httpStatus: 202, headers: { 'operation-location': 'http://localhost:9/status' } }] },
  unreachable: { status: [{ cut: true }, SUCCEEDED] },
  deadline: { status: [running(1)], input: { deadlineSeconds: 2 } },
  'deadline-before-acceptance': { submit: [busy(1)], input: { deadlineSeconds: 2 } },
  resubmit: { submit: [busy(1), busy(0), ACCEPTED] },
  'uncertain-retried': { submit: [{ httpStatus: 500 }, ACCEPTED] },
  'uncertain-found': { ...lost('uncertain-found'), thing: [NOT_THERE, { body: { at: 'scripts/uncertain-found/status' } }] },
  'uncertain-not-there': { ...lost('uncertain-not-there'), thing: [NOT_THERE] },
  'uncertain-failed': { submit: [{ httpStatus: 500 }], input: { onUncertainSubmit: 'fail' } },
  cancel: {
    status: [running(3600)],
    cancel: [{ httpStatus: 202 }],
    input: CANCEL,
    meanwhile: async (handle, asked) => (await asked('status'), handle.cancel()),
  },
  'cancel-unsaid': { status: [running(3600)], meanwhile: async (handle, asked) => (await asked('status'), handle.cancel()) },
  'cancel-too-late': {
    status: [running(3600), SUCCEEDED],
    cancel: [{ httpStatus: 409, body: { error: { code: 'Conflict', message: 'it has ended' } } }],
    input: CANCEL,
    meanwhile: async (handle, asked) => (await asked('status'), handle.cancel()),
  },
  'cancel-during-submit': {
    submit: [{ ...ACCEPTED, holdUntilReleased: true }],
    cancel: [{ httpStatus: 202 }],
    input: CANCEL,
    meanwhile: async (handle, _, emulator) => {
      await emulator.admin.waitForRequests({ path: '/cancel-during-submit/submit' });
      await handle.cancel();
      await emulator.admin.release({ count: 1 });
    },
  },
  'cancel-before-acceptance': {
    submit: [busy(3600)],
    meanwhile: async (handle, asked) => (await asked('submit'), handle.cancel()),
  },
  'poll-now': { status: [running(3600), SUCCEEDED], meanwhile: async (handle, asked) => (await asked('status'), handle.signal('pollNow')) },
  update: {
    submit: [{ ...ACCEPTED, holdUntilReleased: true }],
    meanwhile: async (handle, _, emulator) => {
      await emulator.admin.waitForRequests({ path: '/update/submit' });
      await handle.startUpdate('accepted', { waitForStage: 'ACCEPTED' });
      await emulator.admin.release({ count: 1 });
    },
  },
  'update-refused': {
    submit: [{ httpStatus: 400, holdUntilReleased: true }],
    meanwhile: async (handle, _, emulator) => {
      await emulator.admin.waitForRequests({ path: '/update-refused/submit' });
      await handle.startUpdate('accepted', { waitForStage: 'ACCEPTED' });
      await emulator.admin.release({ count: 1 });
    },
  },
  'continue-as-new': { status: [running(0), running(1), running(0), SUCCEEDED], continueAsNewAfterEvents: 25 },
  'continue-as-new-before-acceptance': { submit: [busy(0), busy(0), busy(1), ACCEPTED], continueAsNewAfterEvents: 25 },
};
