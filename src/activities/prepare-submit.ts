/**
 * Finds what is to be submitted of an input: the operation itself, or the first step of a chain that is not made yet.
 *
 * Keeps true: what comes out is a submit that can be sent, or a decision; never an error.
 */
import { ApplicationFailure } from '@temporalio/common';
import type { FailureDetails, HttpMethod, OperationFields, StepMade } from '../contract';
import type { Connections } from '../http';
import type { About, MaybeAccepted } from '../jobs/model';
import { isMasked } from '../lro/trust';
import { checkChain } from '../schema/chain';
import { isFileDependent, listed, typedFailure } from './failures';
import type { Followed, ReadItem } from './item';
import type { SubmitItem, SubmitRequest, SubmitResult } from './messages';
import type { PageItem } from './pages';
import { aboutOf, prepareOperation, type Identity, type PreparedOperation } from './prepare';
import { nextStep, placeInChain, readyStep } from './prepare-chain';
import type { OutgoingSubmit } from './send-submit';

/** A submit that can be sent. */
export interface ReadySubmit {
  index: number;
  about: About;
  send: OutgoingSubmit;
  /** Of an earlier batch that does not know whether the service accepted it: send it again with its key. */
  retried?: MaybeAccepted;
}

/** The decision about a submit of which there is nothing to send. */
export interface UnsentSubmit {
  result: SubmitResult;
  /** With the file of another worker it might be another one. */
  dependsOnFile?: boolean;
}

/** The submit of an input, or what it comes to when there is nothing to send. @param workflowId of the workflow that waits for it */
export function prepareSubmit(
  item: PageItem | undefined,
  wanted: SubmitItem,
  { source, page }: SubmitRequest,
  connections: Connections,
  workflowId?: string,
): ReadySubmit | UnsentSubmit {
  const { index, made } = wanted;
  if (item === undefined) throw ApplicationFailure.nonRetryable(`there is no item ${index} on its page`);
  if (!item.ok) return { result: invalid(index, item.id, { type: 'InvalidInput', message: item.mistakes.join(', ') }) };
  const identity = { workflowId: source.workflowId, firstRunId: source.firstRunId, itemId: item.id, generation: item.generation };
  try {
    const next = item.kind === 'operation' ? nextOperation(item, connections, identity) : nextOfChain(item, made, connections, identity);
    const { operation } = next;
    const about: About = { ...next.about, short: 'single' in page ? undefined : next.about.step && true };
    if (next.failure !== undefined) return { result: { index, about, decision: { kind: 'failed', failure: next.failure } } };
    if (operation.attach !== undefined) {
      return {
        result: { index, about, decision: { kind: 'accepted', monitor: operation.attach, waitSeconds: 0, why: 'default interval' } },
      };
    }
    const key = { idempotencyKey: item.idempotencyKey, firstSentAtMs: item.firstSentAtMs };
    // The key of an earlier batch belongs to the first submit, not to later steps of a chain.
    const retried = made === undefined && item.idempotencyKey !== undefined ? key : undefined;
    const send = outgoing(next, wanted, retried, !('single' in page));
    // Another's workflow waits: of an item of a batch its shard.
    const callback =
      wanted.key === undefined || workflowId === undefined
        ? undefined
        : { workflowId, firstRunId: source.firstRunId, connection: send.connection, key: wanted.key, step: about.step?.id };
    return { index, about, retried, send: { ...send, callback } };
  } catch (error) {
    if (!(error instanceof ApplicationFailure)) throw error;
    const failure = error.details?.[0] as FailureDetails;
    const ofStep = error instanceof StepFailure ? error : undefined;
    // A batch item that cannot be run is `invalid`; a chain that has begun, or a workflow of its own, has failed.
    const result: SubmitResult =
      made === undefined && !('single' in page) && ofStep === undefined
        ? invalid(index, item.id, failure)
        : { index, about: ofStep?.about, decision: { kind: 'failed', failure } };
    return { result, dependsOnFile: isFileDependent(ofStep?.reason ?? error) };
  }
}

interface NextOperation {
  operation: PreparedOperation;
  request: OperationFields['submit'];
  about: About;
  fileVersion?: string;
  /** It can be neither submitted nor followed. */
  failure?: FailureDetails;
}

/** @throws ApplicationFailure when it cannot be submitted as it is */
function nextOperation({ id, input, generation, follows }: ReadItem, connections: Connections, identity: Identity): NextOperation {
  const { operation, value } = prepareOperation(input, connections, identity);
  const about = aboutOf(operation, { id, labels: input.labels, generation: generation === 0 ? undefined : generation });
  const next: NextOperation = { operation, request: value.submit, about };
  return follows === undefined ? next : followed(next, input, follows, connections, identity);
}

/** Instead of being submitted again it is followed, where that is possible. */
function followed(
  next: NextOperation,
  { connection, onUncertainSubmit, cancel, finalStateVia, fetchResource, resultFile, deadlineSeconds }: OperationFields,
  follows: Followed,
  connections: Connections,
  identity: Identity,
): NextOperation {
  const { submit } = next.operation;
  if (submit === undefined) return next;
  if (isMasked(follows.statusUrl)) return isHarmlessTwice(next.request, submit.method) ? next : { ...next, failure: cannotFollow(follows) };
  const attach = { statusUrl: follows.statusUrl, method: submit.method, requestUrl: submit.url, headers: next.request?.headers };
  const input = { connection, onUncertainSubmit, cancel, finalStateVia, fetchResource, resultFile, deadlineSeconds, attach };
  return { ...next, operation: prepareOperation(input, connections, identity).operation };
}

/** Whether a second submit makes no second operation: the caller's own key goes with both, or the method says so. */
function isHarmlessTwice(request: NextOperation['request'], method: HttpMethod): boolean {
  return request?.idempotencyKey !== undefined || method === 'GET' || method === 'PUT' || method === 'DELETE';
}

const NOT_FOLLOWED =
  'not followed by a retry, because the report masks the signature in its status URL, nor submitted again, because it may go on';

/** As it ended before, and why the retry could do nothing about it. */
function cannotFollow({ failure }: Followed): FailureDetails {
  const ended = failure.cause ?? failure;
  return { ...ended, message: ended.message.endsWith(NOT_FOLLOWED) ? ended.message : `${ended.message}; ${NOT_FOLLOWED}` };
}

/** A step that cannot be submitted because of what the steps before it have made. */
class StepFailure extends ApplicationFailure {
  constructor(
    readonly about: About,
    readonly reason: ApplicationFailure,
  ) {
    super(reason.message, reason.type, true, reason.details);
  }
}

/** The first step of a chain that is not made yet. @throws ApplicationFailure when it cannot be submitted as it is */
function nextOfChain(
  { id, kind, input, generation, fileVersions, follows }: ReadItem,
  made: Record<string, StepMade> | undefined,
  connections: Connections,
  identity: Identity,
): NextOperation {
  const checked = checkChain(kind === 'tileset' ? 'tileset' : 'chain', input);
  if (!checked.ok) throw typedFailure({ type: 'InvalidInput', message: listed(checked.mistakes) });
  const chain = checked.value;
  const there = { ...chain.made, ...made };
  const step = nextStep(chain, there);
  const place = placeInChain(chain, step, there);
  const shared = {
    id,
    kind,
    labels: input.labels,
    generation: generation === 0 ? undefined : generation,
    deadlineSeconds: chain.deadlineSeconds,
    ...place,
    given: withoutBodies(place.given),
  };
  try {
    const { operation, request } = readyStep(step, there, connections, identity);
    const fileVersion = fileVersions && Object.hasOwn(fileVersions, step.id) ? fileVersions[step.id] : undefined;
    const next: NextOperation = { operation, request, about: aboutOf(operation, shared), fileVersion };
    // Only the step that the earlier run ended at, and not where that is to be made of other things now.
    const isFollowed = made === undefined && follows?.step === step.id;
    return isFollowed ? followed(next, step, follows, connections, identity) : next;
  } catch (error) {
    if (!(error instanceof ApplicationFailure)) throw error;
    const { connection, onUncertainSubmit } = step;
    const about = { ...shared, title: place.step?.title ?? step.id, connection, onUncertainSubmit, minSeconds: 0, timeoutSeconds: 0 };
    throw new StepFailure(about, error);
  }
}

function withoutBodies(given: Record<string, StepMade> | undefined): Record<string, StepMade> | undefined {
  return given && Object.fromEntries(Object.entries(given).map(([id, one]) => [id, { ...one, body: undefined }]));
}

function invalid(index: number, id: string, failure: FailureDetails): SubmitResult {
  const about: About = { id, title: id, connection: '', deadlineSeconds: 0, onUncertainSubmit: 'fail', minSeconds: 0, timeoutSeconds: 0 };
  return { index, about, decision: { kind: 'invalid', failure } };
}

function outgoing(
  { operation, request, fileVersion, about }: NextOperation,
  { tries = 0, cookies, firstSentAtMs, unauthorizedSinceMs, wasLookedFor }: SubmitItem,
  retried: MaybeAccepted | undefined,
  isOfBatch: boolean,
): OutgoingSubmit {
  const { submit, connection, onUncertainSubmit, fetchResource, finalStateVia, resultFile } = operation;
  if (submit === undefined) throw ApplicationFailure.nonRetryable('prepared without a submit');
  const { headers, body, bodyFile } = request ?? {};
  return {
    connection,
    item: isOfBatch ? about.id : undefined,
    method: submit.method,
    url: submit.url,
    request: { headers, body, bodyFile: bodyFile && { ...bodyFile, version: fileVersion } },
    idempotencyKey: retried?.idempotencyKey ?? submit.idempotencyKey,
    firstSentAtMs: retried?.firstSentAtMs ?? firstSentAtMs,
    onUncertainSubmit,
    fetchResource,
    finalStateVia,
    resultFile,
    tries,
    cookies,
    waitsUnauthorized: isOfBatch,
    unauthorizedSinceMs,
    wasLookedFor,
  };
}
