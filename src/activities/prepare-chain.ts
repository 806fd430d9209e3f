/**
 * Activities `prepareChain` and `prepareStep`: check a chain whole before anything is submitted, and each step once its references are known.
 *
 * Keeps true: a chain that is refused here has sent nothing.
 */
import { ApplicationFailure } from '@temporalio/common';
import { MissingValueError, resolved, sample } from '../chains/references';
import type { BodyFile, FailureDetails, OperationInput, StepMade } from '../contract';
import { FileRefusedError } from '../files';
import type { Connections } from '../http';
import { checkChain, type CheckedChain } from '../schema/chain';
import { listed, typedFailure } from './failures';
import { withHeartbeat } from './heartbeat';
import type { Identity, PrepareChainRequest, PreparedChain, PreparedStep, PrepareStepRequest, ReadyStep } from './messages';
import { prepareOperation, type PrepareDependencies } from './prepare';

const MAX_TITLE_CHARS = 200;

/** For looking at the files of all steps. */
const LOOK_SECONDS = 60;

/** @throws ApplicationFailure `InvalidInput`, `UnknownConnection`, `UntrustedUrl`, `FileRefused` */
export function makePrepareChain({ connections, learn }: PrepareDependencies) {
  return function prepareChain({ kind, input }: PrepareChainRequest): Promise<PreparedChain> {
    return withHeartbeat(async () => {
      const checked = checkChain(kind, input);
      if (!checked.ok) throw typedFailure({ type: 'InvalidInput', message: listed(checked.mistakes) });
      const { made, bodiesNeeded, deadlineSeconds, cleanup } = checked.value;
      const steps = await Promise.all(
        prepareSteps(checked.value, connections).map(async (step) => (Object.hasOwn(made, step.id) ? step : lookedAt(step, connections))),
      );
      return { steps, given: made, bodiesNeeded, deadlineSeconds, cleanup, settings: await learn() };
    });
  };
}

/** @throws ApplicationFailure `InvalidInput` where a reference leads to nothing, or to something that cannot be sent */
export function makePrepareStep(connections: Connections) {
  return function prepareStep({ prepared, made, identity }: PrepareStepRequest): Promise<ReadyStep> {
    return Promise.resolve().then(() => readyStep(prepared, made, connections, identity));
  };
}

/**
 * The steps of a valid chain, each checked as the operation that it will be.
 * @throws ApplicationFailure with the mistakes of all steps
 */
export function prepareSteps(chain: CheckedChain, connections: Connections): PreparedStep[] {
  const identity: Identity = { workflowId: '', firstRunId: '', itemId: '', generation: 0 };
  const failures: FailureDetails[] = [];
  const prepared = chain.steps.map((step): PreparedStep => {
    const { id } = step;
    const baseUrl = connections.get(step.connection)?.protocol.trust.baseUrl ?? 'http://0';
    const request = belowBase(sample(step, `${baseUrl.replace(/\/+$/, '')}/0`), baseUrl);
    try {
      prepareOperation(operationOf(step, request), connections, identity, step.ownQuery);
      return { id, title: titleOf(step), step };
    } catch (error) {
      failures.push(detailsOf(error, id));
      return { id, title: id, step };
    }
  });
  const [first] = failures;
  if (first === undefined) return prepared;
  throw typedFailure({ ...first, message: listed(failures.map(({ message }) => message)) });
}

/** With its references as they are written. */
export function titleOf({ submit, attach, connection }: PreparedStep['step']): string {
  const what =
    submit === undefined
      ? `follow ${attach?.statusUrl.split('?')[0] ?? ''}`
      : `${submit.method ?? 'POST'} ${submit.path.split('?')[0] ?? ''}`;
  return `${what} · ${connection}`.slice(0, MAX_TITLE_CHARS);
}

/**
 * A step whose references are filled in.
 * @throws ApplicationFailure `InvalidInput`
 */
export function readyStep(
  { id, step, fileVersion }: PreparedStep,
  made: Readonly<Record<string, StepMade>>,
  connections: Connections,
  identity: Identity,
): ReadyStep {
  const baseUrl = connections.get(step.connection)?.protocol.trust.baseUrl ?? '';
  const request = belowBase(filledIn(step, made), baseUrl);
  const { operation } = prepareOperation(operationOf(step, request), connections, { ...identity, stepId: id }, step.ownQuery);
  const { headers, body, bodyFile } = request.submit ?? {};
  return {
    operation,
    request: {
      ...(headers && { headers }),
      ...(body !== undefined && { body }),
      ...(bodyFile && { bodyFile: { ...bodyFile, ...(fileVersion === undefined ? {} : { version: fileVersion }) } }),
    },
  };
}

type Request = ReturnType<typeof resolved>;

/** A step with its request as the operation that it is. The chain as a whole has the deadline. */
function operationOf(step: PreparedStep['step'], request: Request): OperationInput {
  const { connection, onUncertainSubmit, cancel, finalStateVia, fetchResource } = step;
  return {
    connection,
    ...(onUncertainSubmit === undefined ? {} : { onUncertainSubmit }),
    ...(cancel === undefined ? {} : { cancel }),
    ...(finalStateVia === undefined ? {} : { finalStateVia }),
    ...(fetchResource === undefined ? {} : { fetchResource }),
    ...request,
  };
}

function filledIn(step: PreparedStep['step'], made: Readonly<Record<string, StepMade>>): Request {
  try {
    return resolved(step, made);
  } catch (error) {
    if (error instanceof MissingValueError) throw typedFailure({ type: 'InvalidInput', message: error.message });
    throw error;
  }
}

/** A resource location is a whole URL, a submit's path is not: below the base URL it is the same. */
function belowBase(request: Request, baseUrl: string): Request {
  const base = baseUrl.replace(/\/+$/, '');
  const { submit } = request;
  if (submit === undefined || base === '' || !submit.path.startsWith(`${base}/`)) return request;
  return { ...request, submit: { ...submit, path: submit.path.slice(base.length) } };
}

function detailsOf(error: unknown, id: string): FailureDetails {
  if (!(error instanceof ApplicationFailure)) throw error;
  const details = error.details?.[0] as FailureDetails | undefined;
  return { ...(details ?? { type: 'InvalidInput' }), message: `step "${id}": ${error.message}`, step: id };
}

/** With the version of its file. One that cannot be reached now is looked at when it is sent. */
async function lookedAt(prepared: PreparedStep, connections: Connections): Promise<PreparedStep> {
  const { id, step } = prepared;
  const file = step.submit?.bodyFile;
  // Which file it is, an earlier step says.
  if (file === undefined || JSON.stringify(file).includes('{{')) return prepared;
  const fileVersion = await versionOf(file, id, connections);
  return fileVersion === undefined ? prepared : { ...prepared, fileVersion };
}

async function versionOf(file: BodyFile, step: string, { files }: Connections): Promise<string | undefined> {
  try {
    const opened = await files.open(file, { signal: AbortSignal.timeout(LOOK_SECONDS * 1000) });
    await opened.close();
    return opened.version;
  } catch (error) {
    if (error instanceof FileRefusedError) throw typedFailure({ type: 'FileRefused', message: `step "${step}": ${error.message}`, step });
    return undefined;
  }
}
