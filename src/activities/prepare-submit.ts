/**
 * Finds what is to be submitted of an input: the operation itself, or the first step of a chain that is not made yet.
 *
 * Keeps true: the result is a submit that can be sent, or a decision; never an error.
 */
import { ApplicationFailure } from '@temporalio/common';
import type { FailureDetails, OperationInput, StepMade } from '../contract';
import type { Connections } from '../http';
import type { About, MaybeAccepted } from '../jobs/model';
import { checkChain } from '../schema/chain';
import { listed, typedFailure } from './failures';
import type { ReadItem } from './item';
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

/** The submit of an input, or its result when there is nothing to send. */
export function prepareSubmit(
  item: PageItem | undefined,
  wanted: SubmitItem,
  { source, page }: SubmitRequest,
  connections: Connections,
): ReadySubmit | SubmitResult {
  const { index, made } = wanted;
  if (item === undefined) throw ApplicationFailure.nonRetryable(`there is no item ${index} on its page`);
  if (!item.ok) return invalid(index, item.id, { type: 'InvalidInput', message: item.mistakes.join(', ') });
  const identity = { workflowId: source.workflowId, firstRunId: source.firstRunId, itemId: item.id, generation: item.generation };
  try {
    const next = item.kind === 'operation' ? nextOperation(item, connections, identity) : nextOfChain(item, made, connections, identity);
    const { operation } = next;
    const about: About = { ...next.about, short: 'single' in page ? undefined : next.about.step && true };
    if (operation.attach !== undefined) {
      return { index, about, decision: { kind: 'accepted', monitor: operation.attach, waitSeconds: 0, why: 'default interval' } };
    }
    const key = { idempotencyKey: item.idempotencyKey, firstSentAtMs: item.firstSentAtMs };
    // The key of an earlier batch belongs to the first submit, not to later steps of a chain.
    const retried = made === undefined && item.idempotencyKey !== undefined ? key : undefined;
    return { index, about, retried, send: outgoing(next, wanted, retried) };
  } catch (error) {
    if (!(error instanceof ApplicationFailure)) throw error;
    const failure = error.details?.[0] as FailureDetails;
    // A batch item that cannot be run is `invalid`; a chain that has begun, or a workflow of its own, has failed.
    return made === undefined && !('single' in page) && !(error instanceof StepFailure)
      ? invalid(index, item.id, failure)
      : { index, about: error instanceof StepFailure ? error.about : undefined, decision: { kind: 'failed', failure } };
  }
}

interface NextOperation {
  operation: PreparedOperation;
  request: OperationInput['submit'];
  about: About;
  fileVersion?: string;
}

/** @throws ApplicationFailure when it cannot be submitted as it is */
function nextOperation({ id, input, generation }: ReadItem, connections: Connections, identity: Identity): NextOperation {
  const { operation, value } = prepareOperation(input, connections, identity);
  const about = aboutOf(operation, { id, labels: input.labels, generation: generation === 0 ? undefined : generation });
  return { operation, request: value.submit, about };
}

/** A step that cannot be submitted because of what the steps before it have made. */
class StepFailure extends ApplicationFailure {
  constructor(
    readonly about: About,
    failure: ApplicationFailure,
  ) {
    super(failure.message, failure.type, true, failure.details);
  }
}

/** The first step of a chain that is not made yet. @throws ApplicationFailure when it cannot be submitted as it is */
function nextOfChain(
  { id, kind, input, generation, fileVersions }: ReadItem,
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
    return {
      operation,
      request,
      about: aboutOf(operation, shared),
      fileVersion: fileVersions && Object.hasOwn(fileVersions, step.id) ? fileVersions[step.id] : undefined,
    };
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
  { operation, request, fileVersion }: NextOperation,
  { tries = 0, cookies, firstSentAtMs }: SubmitItem,
  retried: MaybeAccepted | undefined,
): OutgoingSubmit {
  const { submit, connection, onUncertainSubmit, fetchResource, finalStateVia } = operation;
  if (submit === undefined) throw ApplicationFailure.nonRetryable('prepared without a submit');
  const { headers, body, bodyFile } = request ?? {};
  return {
    connection,
    method: submit.method,
    url: submit.url,
    request: { headers, body, bodyFile: bodyFile && { ...bodyFile, version: fileVersion } },
    idempotencyKey: retried?.idempotencyKey ?? submit.idempotencyKey,
    firstSentAtMs: retried?.firstSentAtMs ?? firstSentAtMs,
    onUncertainSubmit,
    fetchResource,
    finalStateVia,
    tries,
    cookies,
  };
}
