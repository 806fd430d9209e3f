/**
 * Activity `prepareChain`: checks a chain whole before anything is submitted; and the step of a chain that is to be submitted next, with what
 * earlier steps have made in it.
 *
 * Keeps true: a chain that is refused here has sent nothing.
 */
import { ApplicationFailure } from '@temporalio/common';
import type { BodyFile, FailureDetails, OperationFields, StepMade } from '../contract';
import { FileRefusedError } from '../files';
import type { Connections } from '../http';
import type { About, StepRef } from '../jobs/model';
import { MissingValueError, resolved, sample } from '../jobs/references';
import { checkChain, type CheckedChain } from '../schema/chain';
import { FileDependentFailure, fileFailure, isFileDependent, listed, typedFailure } from './failures';
import { withHeartbeat } from './heartbeat';
import { invalid } from './caller-urls';
import { isSameFile } from './file-names';
import { digestOf } from './input-digest';
import type { PrepareChainRequest, PreparedChain } from './messages';
import {
  aboutOf,
  checkResultFile,
  NOBODY,
  prepareOperation,
  type Identity,
  type PrepareDependencies,
  type PreparedOperation,
} from './prepare';

const MAX_TITLE_CHARS = 200;

/** For looking at the files of all steps. */
const LOOK_SECONDS = 60;

/** A step of a valid chain. */
type CheckedStep = CheckedChain['steps'][number];

/** @throws ApplicationFailure `InvalidInput`, `UnknownConnection`, `UntrustedUrl`, `FileRefused` */
export function makePrepareChain({ connections, learn }: PrepareDependencies) {
  return function prepareChain({ kind, input, identity }: PrepareChainRequest): Promise<PreparedChain> {
    return withHeartbeat(async () => {
      const checked = checkChain(kind, input);
      if (!checked.ok) throw typedFailure({ type: 'InvalidInput', message: listed(checked.mistakes) });
      const chain = checked.value;
      const operations = prepareSteps(chain, connections, { ...NOBODY, ...identity });
      await checkResultFiles(chain, operations, connections);
      const step = nextStep(chain, chain.made);
      const operation = operations.get(step.id);
      if (operation === undefined) throw ApplicationFailure.nonRetryable('a chain without its next step');
      const more = { id: '', kind, labels: input.labels, deadlineSeconds: chain.deadlineSeconds, title: titleOf(step) };
      return {
        about: { ...aboutOf(operation, more), ...placeInChain(chain, step, chain.made) },
        steps: chain.steps.map((one) => refOf(one, chain)),
        fileVersions: await fileVersions(chain, connections),
        settings: await learn(),
        inputDigest: digestOf(input),
      };
    });
  };
}

/** The first step of a chain that is not made yet. */
export function nextStep(chain: CheckedChain, there: Readonly<Record<string, StepMade>>): CheckedStep {
  const step = chain.steps.find(({ id }) => !Object.hasOwn(there, id));
  if (step === undefined) throw ApplicationFailure.nonRetryable('there is no step left to submit');
  return step;
}

/** Where a step stands in its chain. */
export function placeInChain(
  chain: CheckedChain,
  step: CheckedStep,
  there: Readonly<Record<string, StepMade>>,
): Pick<About, 'step' | 'left' | 'given' | 'cleanup'> {
  const left = chain.steps.filter(({ id }) => id !== step.id && !Object.hasOwn(there, id));
  return {
    step: refOf(step, chain),
    left: left.map((one) => refOf(one, chain)),
    given: Object.keys(chain.made).length === 0 ? undefined : chain.made,
    cleanup: chain.cleanup === 'onFailure' ? true : undefined,
  };
}

function refOf(step: CheckedStep, { bodiesNeeded }: CheckedChain): StepRef {
  const { id, connection } = step;
  return { id, title: titleOf(step), connection, withBody: bodiesNeeded.includes(id) ? true : undefined };
}

/**
 * The steps of a valid chain by id, each checked as the operation that it will be.
 * @throws ApplicationFailure with the mistakes of all steps
 */
export function prepareSteps(chain: CheckedChain, connections: Connections, identity = NOBODY): Map<string, PreparedOperation> {
  const failures: FailureDetails[] = [];
  // Where a mistake is one whatever the file says, no other worker's file would help.
  let dependOnFile = true;
  const prepared = new Map<string, PreparedOperation>();
  for (const step of chain.steps) {
    const { id } = step;
    const baseUrl = connections.get(step.connection)?.protocol.trust.baseUrl ?? 'http://0';
    const request = belowBase(sample(step, `${baseUrl.replace(/\/+$/, '')}/0`), baseUrl);
    try {
      const { operation } = prepareOperation(operationOf(step, request), connections, { ...identity, stepId: id }, step.ownQuery);
      const { resultFile } = operation;
      const other = resultFile && [...prepared].find(([, earlier]) => earlier.resultFile && isSameFile(earlier.resultFile, resultFile));
      if (other !== undefined) throw invalid([`resultFile: step "${other[0]}" writes to it, too`]);
      prepared.set(id, operation);
    } catch (error) {
      failures.push(detailsOf(error, id));
      dependOnFile &&= isFileDependent(error);
    }
  }
  const [first] = failures;
  if (first === undefined) return prepared;
  const failure = { ...first, message: listed(failures.map(({ message }) => message)) };
  throw dependOnFile ? new FileDependentFailure(failure) : typedFailure(failure);
}

/** Of the steps that are not made yet. @throws ApplicationFailure `FileRefused`; retryable where a store cannot be reached */
async function checkResultFiles({ made }: CheckedChain, operations: ReadonlyMap<string, PreparedOperation>, { files }: Connections) {
  for (const [id, { resultFile }] of operations) {
    if (resultFile === undefined || Object.hasOwn(made, id)) continue;
    await checkResultFile(resultFile, files).catch((error: unknown) => {
      throw error instanceof ApplicationFailure ? typedFailure(detailsOf(error, id)) : error;
    });
  }
}

/** With its references as they are written. */
function titleOf({ submit, attach, connection }: CheckedStep): string {
  const what =
    submit === undefined
      ? `follow ${attach?.statusUrl.split('?')[0] ?? ''}`
      : `${submit.method ?? 'POST'} ${submit.path.split('?')[0] ?? ''}`;
  return `${what} · ${connection}`.slice(0, MAX_TITLE_CHARS);
}

/**
 * A step whose references are filled in.
 * @throws ApplicationFailure `InvalidInput` where a reference leads to nothing, or to something that cannot be sent
 */
export function readyStep(
  step: CheckedStep,
  there: Readonly<Record<string, StepMade>>,
  connections: Connections,
  identity: Identity,
): { operation: PreparedOperation; request: NonNullable<OperationFields['submit']> | undefined } {
  const baseUrl = connections.get(step.connection)?.protocol.trust.baseUrl ?? '';
  const request = belowBase(filledIn(step, there), baseUrl);
  const { operation } = prepareOperation(operationOf(step, request), connections, { ...identity, stepId: step.id }, step.ownQuery);
  return { operation, request: request.submit };
}

type Request = ReturnType<typeof resolved>;

/** A step with its request as the operation that it is. The chain as a whole has the deadline. */
function operationOf(step: CheckedStep, request: Request): OperationFields {
  const { connection, onUncertainSubmit, cancel, finalStateVia, fetchResource, resultFile } = step;
  return { connection, onUncertainSubmit, cancel, finalStateVia, fetchResource, resultFile, ...request };
}

function filledIn(step: CheckedStep, made: Readonly<Record<string, StepMade>>): Request {
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

/** Versions of the files of steps that are not made yet. One that cannot be reached now is looked at when it is sent. */
async function fileVersions(chain: CheckedChain, connections: Connections): Promise<Record<string, string> | undefined> {
  const versions: [string, string][] = [];
  for (const { id, submit } of chain.steps) {
    const file = submit?.bodyFile;
    // Which file it is, an earlier step says.
    if (file === undefined || Object.hasOwn(chain.made, id) || JSON.stringify(file).includes('{{')) continue;
    const version = await versionOf(file, id, connections);
    if (version !== undefined) versions.push([id, version]);
  }
  return versions.length === 0 ? undefined : Object.fromEntries(versions);
}

async function versionOf(file: BodyFile, step: string, { files }: Connections): Promise<string | undefined> {
  try {
    const opened = await files.open(file, { signal: AbortSignal.timeout(LOOK_SECONDS * 1000) });
    await opened.close();
    return opened.version;
  } catch (error) {
    if (error instanceof FileRefusedError)
      throw fileFailure({ type: 'FileRefused', message: `step "${step}": ${error.message}`, step }, error);
    return undefined;
  }
}
