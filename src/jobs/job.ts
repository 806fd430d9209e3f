/**
 * A job: one operation, or several one after the other (a chain), from the first submit to the end. Whatever runs operations runs jobs: a
 * workflow of its own runs one, a batch runs many.
 *
 * States of a job's step, and the events between them:
 *
 *     submit ──submitted: accepted──▶ poll ──polled: succeeded──▶ fetch ──fetched──▶ (next step: submit) │ end
 *       │                                      ▲                    └─ polled: running ─▶ poll
 *       ├─ submitted: uncertain ─▶ find ───────┘ lookedAt: found
 *       └─ submitted: not accepted, unsent, or not found ─▶ submit
 *     any ──expired, failed, canceled──▶ end, or for a chain that cleans up: cleanup ──cleaned──▶ end
 *
 * Keeps true:
 * 1. A job ends once. What was read as the end is its end, whatever comes later.
 * 2. With `onUncertainSubmit: "fail"` nothing is sent after a submit that may have arrived.
 * 3. A step is never due before the wait that the last answer asked for is over; `hurried` is the one exception, and keeps `minSeconds`.
 * 4. A job is plain JSON and equals its own JSON round trip. Nothing here reads a clock.
 */
import type { CancelDecision } from '../lro/cancel';
import type { FetchDecision } from '../lro/fetch';
import type { Accepted, StatusDecision } from '../lro/monitor';
import { deadlineOf } from './begin';
import {
  afterUncertainSubmit,
  canceledAtService,
  canceledUnsent,
  deadlineExceeded,
  failedEnd,
  neverAccepted,
  resultOf,
  shortened,
  toDelete,
  uncertainSubmit,
  withMissing,
  withRead,
} from './ends';
import { beginFind, lookAgain, sendAgain } from './find';
import { found, lookedFor } from './lookup';
import type { DoneStep, EndedJob, FetchStep, FindStep, Job, JobEvent, PollStep, Submitted, SubmitStep, UnsuccessfulEnd } from './model';
import { problemAfter } from './problem';

/** After one that was not looked for, because the answers about others filled the payload. */
const NOT_LOOKED_SECONDS = 1;

/** Of one that is to be handed back before. */
const NOT_SHARED_SECONDS = 60;

/** Whether a job has ended. */
export function isEnded(result: Job | EndedJob): result is EndedJob {
  return 'end' in result;
}

/** What an event makes of a job. An event that does not concern the step it is at changes nothing. Pure; never throws. */
export function apply(job: Job, event: JobEvent, nowMs: number): Job | EndedJob {
  const { step } = job;
  switch (event.kind) {
    case 'submitted':
      return step.at === 'submit' ? submitted(job, found(step), event, nowMs) : job;
    case 'lookedAt':
      return step.at === 'find' ? lookedAt(job, found(step), event, nowMs) : job;
    case 'polled':
      return step.at === 'poll' ? polled(job, found(step), event.decision, nowMs - (event.agoMs ?? 0)) : job;
    case 'fetched':
      return step.at === 'fetch' ? fetched(job, found(step), event.decision, nowMs) : job;
    case 'elsewhere':
      return step.at === 'cleanup' ? job : lookedFor(job, event.on, nowMs);
    case 'notShared':
      return step.at === 'poll' ? { ...job, step: { ...step, isNotShared: true, dueAtMs: nowMs + NOT_SHARED_SECONDS * 1000 } } : job;
    case 'unreachable':
      return postponed(job, event.message, nowMs + event.waitSeconds * 1000, nowMs);
    case 'expired':
      return expired(job, nowMs);
    case 'hurried':
      return hurried(job, nowMs);
    case 'canceled':
      return canceled(job, event.decision, nowMs);
    case 'abandoned':
      return step.at === 'submit' || step.at === 'find' ? ended(job, canceledUnsent(job, step), nowMs) : job;
    case 'cleaned':
      return step.at === 'cleanup' ? { job: { ...job, step: step.before }, end: { ...step.end, cleaned: event.cleaned } } : job;
  }
}

function submitted(job: Job, step: SubmitStep, event: Submitted, nowMs: number): Job | EndedJob {
  const { decision, waitSeconds = 0, trouble, firstSentAtMs = step.firstSentAtMs } = event;
  const maybeAccepted = step.maybeAccepted ?? event.maybeAccepted;
  const about = event.about ?? job.about;
  const problem = trouble === undefined ? step.problem : problemAfter(step.problem, trouble, nowMs);
  const held: SubmitStep = { ...step, maybeAccepted, problem, dueAtMs: nowMs + waitSeconds * 1000, why: 'held' };
  if (about === undefined) return { ...job, step: held };
  const startedAtMs = job.startedAtMs ?? firstSentAtMs ?? nowMs;
  const begun: Job = { ...job, about, startedAtMs, deadlineAtMs: job.deadlineAtMs ?? deadlineOf(about, startedAtMs) };
  if (decision === undefined) return { ...begun, step: held };
  switch (decision.kind) {
    case 'invalid':
      return ended(begun, { kind: 'invalid', failure: decision.failure }, nowMs);
    case 'failed': {
      const failure = maybeAccepted === undefined ? decision.failure : afterUncertainSubmit(decision.failure);
      return ended(begun, { ...failedEnd(failure), maybeAccepted }, nowMs);
    }
    case 'accepted':
      return accepted(begun, { ...step, firstSentAtMs }, decision, nowMs);
    case 'succeeded': {
      const { outcome, shownLocation, fetches = [] } = decision;
      const record = { polls: 0, submittedAtMs: firstSentAtMs };
      return finishing(begun, { at: 'fetch', ...record, outcome, shownLocation, fetches, dueAtMs: nowMs, why: '' }, nowMs);
    }
    case 'notAccepted':
    case 'uncertain': {
      const refused = problemAfter(step.problem, decision.trouble, nowMs);
      const doubtful = decision.kind === 'uncertain' ? (maybeAccepted ?? { firstSentAtMs }) : maybeAccepted;
      const isLookedFor = decision.kind === 'uncertain' && about.canBeFound === true;
      if (decision.kind === 'uncertain' && about.onUncertainSubmit === 'fail' && !isLookedFor)
        return ended(begun, { ...failedEnd(uncertainSubmit(about, refused, doubtful ?? {})), maybeAccepted: doubtful }, nowMs);
      // Many are held back for the sake of one that was told to wait: they would back off further with every such one.
      const isTry = decision.kind === 'uncertain' || decision.heldBack !== true;
      const again: SubmitStep = {
        ...step,
        tries: step.tries + (isTry ? 1 : 0),
        // A worker that died has told nothing but what it had claimed.
        firstSentAtMs: firstSentAtMs ?? doubtful?.firstSentAtMs,
        maybeAccepted: doubtful,
        problem: refused,
        cookies: decision.cookies ?? step.cookies,
        // Being busy or away says nothing about the key.
        unauthorizedSinceMs: (decision.kind === 'notAccepted' ? decision.unauthorizedSinceMs : undefined) ?? step.unauthorizedSinceMs,
        dueAtMs: nowMs + decision.waitSeconds * 1000,
        why: decision.why,
      };
      return isLookedFor ? beginFind(begun, again, nowMs) : { ...begun, step: again };
    }
  }
}

/** The service has taken it, or it was found there. */
function accepted(job: Job, step: SubmitStep | FindStep, decision: Accepted, nowMs: number): Job {
  const { monitor, waitSeconds, why, status, created, createdText } = decision;
  const record = { monitor, status, polls: 0, submittedAtMs: step.firstSentAtMs, created, createdText };
  const next: Job = { ...job, step: { at: 'poll', ...record, waitMs: waitSeconds * 1000, dueAtMs: nowMs + waitSeconds * 1000, why } };
  return step.thenHurry === true ? hurried(next, nowMs) : next;
}

function lookedAt(job: Job, step: FindStep, { about, decision }: Extract<JobEvent, { kind: 'lookedAt' }>, nowMs: number): Job | EndedJob {
  switch (decision?.kind) {
    case undefined:
      return { ...job, step: { ...step, dueAtMs: nowMs + NOT_LOOKED_SECONDS * 1000 } };
    case 'accepted':
      return accepted({ ...job, about: about ?? job.about }, step, decision, nowMs);
    case 'lookAgain':
      return lookAgain(job, step, decision, nowMs);
    case 'notFound': {
      const { isProof, message } = decision;
      if (isProof || job.about?.onUncertainSubmit !== 'fail') return sendAgain(job, step, isProof, nowMs);
      const { problem, maybeAccepted } = step;
      const told = { ...problem, at: isoTime(nowMs), message: `${problem?.message ?? 'no answer'}; ${message}` };
      return ended(job, { ...failedEnd(uncertainSubmit(job.about, told, maybeAccepted ?? {})), maybeAccepted }, nowMs);
    }
  }
}

/** @param nowMs when it was answered, or a little later */
function polled(job: Job, step: PollStep, decision: StatusDecision, nowMs: number): Job | EndedJob {
  const isPoll = decision.kind !== 'running' || decision.notAsked !== true;
  const asked = isPoll ? { ...step, polls: step.polls + 1, lastPollAtMs: nowMs, problem: undefined } : step;
  switch (decision.kind) {
    case 'failed':
      return ended({ ...job, step: asked }, failedEnd(decision.failure), nowMs);
    case 'succeeded': {
      const { outcome, shownLocation, fetches = [] } = decision;
      const fetch: FetchStep = { ...asked, at: 'fetch', status: outcome.status, outcome, shownLocation, fetches, dueAtMs: nowMs, why: '' };
      return finishing(job, fetch, nowMs);
    }
    case 'running': {
      const { monitor = step.monitor, status = step.status, trouble, waitSeconds, why } = decision;
      const problem = trouble === undefined ? asked.problem : problemAfter(step.problem, trouble, nowMs);
      const waitMs = isPoll ? waitSeconds * 1000 : step.waitMs;
      return { ...job, step: { ...asked, monitor, status, problem, waitMs, dueAtMs: nowMs + waitSeconds * 1000, why } };
    }
  }
}

function fetched(job: Job, step: FetchStep, decision: FetchDecision, nowMs: number): Job | EndedJob {
  const [fetch, ...rest] = step.fetches;
  if (fetch === undefined) return succeeded(job, step, nowMs);
  if (decision.kind === 'again') {
    const problem = problemAfter(step.problem, { message: `final GET: ${decision.reason}`, kind: decision.trouble }, nowMs);
    const dueAtMs = nowMs + decision.waitSeconds * 1000;
    return { ...job, step: { ...step, fetches: [decision.fetch, ...rest], lastReadAtMs: nowMs, dueAtMs, why: decision.why, problem } };
  }
  const outcome =
    decision.kind === 'fetched' ? withRead(step.outcome, fetch, decision) : withMissing(step.outcome, [fetch], decision.reason);
  return finishing(job, { ...step, outcome, fetches: rest, lastReadAtMs: nowMs, dueAtMs: nowMs }, nowMs);
}

/** The operation has succeeded: it ends here, or after what is still to be read. */
function finishing(job: Job, step: FetchStep, nowMs: number): Job | EndedJob {
  return step.fetches.length === 0 ? succeeded(job, step, nowMs) : { ...job, step };
}

function succeeded(job: Job, step: FetchStep, nowMs: number): Job | EndedJob {
  const { about } = job;
  const { id = '', connection = about?.connection ?? '', withBody } = about?.step ?? {};
  const [next, ...left] = about?.left ?? [];
  const result = resultOf(step, nowMs);
  const kept = about?.short === true ? shortened(result, next === undefined, withBody === true) : result;
  const done: DoneStep[] = [...(job.done ?? []), { id, connection, withBody, result: kept, shownLocation: step.shownLocation }];
  if (about === undefined || next === undefined) return { job: { ...job, step, done }, end: { kind: 'succeeded', steps: done } };
  const { title, connection: nextConnection } = next;
  return {
    ...job,
    // Whether it streams a file is not known before it is prepared: it has time for one.
    about: { ...about, title, connection: nextConnection, step: next, left, cancel: undefined, streamsFile: true },
    done,
    step: { at: 'submit', dueAtMs: nowMs, why: 'next step', tries: 0 },
  };
}

function postponed(job: Job, message: string, dueAtMs: number, nowMs: number): Job {
  return { ...job, step: { ...job.step, dueAtMs, why: 'backoff', problem: problemAfter(job.step.problem, { message }, nowMs) } };
}

function expired(job: Job, nowMs: number): Job | EndedJob {
  const { step, deadlineAtMs = Infinity } = job;
  if (nowMs < deadlineAtMs) return job;
  switch (step.at) {
    case 'submit':
    case 'find':
      return ended(job, { ...failedEnd(neverAccepted(job, step)), maybeAccepted: step.maybeAccepted }, nowMs);
    case 'poll':
      return ended(job, failedEnd(deadlineExceeded(step)), nowMs);
    case 'fetch': {
      const next = succeeded(job, unread(step, 'not read before the deadline'), nowMs);
      // The deadline is the whole chain's: no other step begins.
      return isEnded(next) ? next : expired(next, nowMs);
    }
    case 'cleanup':
      return job;
  }
}

function hurried(job: Job, nowMs: number): Job {
  const { step, about } = job;
  if (step.at === 'cleanup') return job;
  if (step.at === 'submit' || step.at === 'find') return { ...job, step: { ...step, thenHurry: true } };
  const lastAnswerAtMs = (step.at === 'fetch' ? step.lastReadAtMs : undefined) ?? step.lastPollAtMs;
  const soonestMs = lastAnswerAtMs === undefined ? nowMs : lastAnswerAtMs + (about?.minSeconds ?? 0) * 1000;
  return soonestMs < step.dueAtMs ? { ...job, step: { ...step, dueAtMs: soonestMs, why: 'pollNow' } } : job;
}

/** It is to be canceled. What has succeeded stays so; what has ended by itself has its own end. */
function canceled(job: Job, decision: CancelDecision | undefined, nowMs: number): Job | EndedJob {
  const { step } = job;
  switch (step.at) {
    case 'submit':
    case 'find':
      return ended(job, canceledUnsent(job, step), nowMs);
    case 'fetch':
      return succeededAtCancel(job, step, nowMs);
    case 'cleanup':
      return job;
    case 'poll': {
      const known = decision?.kind === 'ended' ? decision.decision : undefined;
      if (known?.kind === 'succeeded') {
        const { outcome, shownLocation, fetches = [] } = known;
        return succeededAtCancel(job, { ...step, at: 'fetch', status: outcome.status, outcome, shownLocation, fetches }, nowMs);
      }
      // Whatever else it says (gone, unauthorized): it was to be canceled, and it is not there any more.
      if (known?.kind === 'failed' && known.failure.type === 'OperationFailed') return ended(job, failedEnd(known.failure), nowMs);
      return ended(job, canceledAtService(step, decision), nowMs);
    }
  }
}

/** The last step of all is the job's success; after any other the rest of the chain is not begun. */
function succeededAtCancel(job: Job, step: FetchStep, nowMs: number): Job | EndedJob {
  const next = succeeded(job, unread(step, 'cancelled before it was read'), nowMs);
  return isEnded(next) ? next : canceled(next, undefined, nowMs);
}

function unread(step: FetchStep, reason: string): FetchStep {
  return { ...step, outcome: withMissing(step.outcome, step.fetches, reason), fetches: [] };
}

/** It did not come to its end: what a chain has made is deleted first, where its input says so. */
function ended(job: Job, end: UnsuccessfulEnd, nowMs: number): Job | EndedJob {
  const { about, step, done = [] } = job;
  if (step.at === 'cleanup') return job;
  const requests = about?.cleanup === true ? toDelete(done) : [];
  if (requests.length === 0) return { job, end };
  return { ...job, step: { at: 'cleanup', dueAtMs: nowMs, why: 'clean up', end, requests, before: step } };
}

function isoTime(atMs: number): string {
  return new Date(atMs).toISOString();
}
