/**
 * What workflows return, fail with and answer, as schemas: nothing of it is checked when it is sent, programs in other languages read it.
 * Fields that are not named here may come with any later version: readers ignore them.
 */
import { z } from 'zod';
import { FAILURE_TYPES, ITEM_KINDS, ITEM_OUTCOMES, TILESET_STEPS, TROUBLE_KINDS } from '../contract';
import type {
  Acceptance,
  BatchCounts,
  BatchProgress,
  BatchResult,
  BuildTilesetResult,
  ChainProgress,
  ChainResult,
  CleanedResource,
  FailureDetails,
  FileRef,
  ItemReport,
  ItemStanding,
  OperationProgress,
  OperationResult,
  Problem,
  ProgressFailure,
  ResultFile,
  StepMade,
  StepProgress,
  StepResult,
} from '../contract';
import { anyJson } from './terms';

/** The fields of a type of the contract, each of them, and no other. */
type Fields<T> = Record<keyof T, z.ZodType>;

const text = z.string();
const time = z.iso.datetime().describe('ISO 8601, UTC');
const whole = z.int().min(0);
const texts = z.record(z.string(), text);
const labels = texts.optional();

const fileRef = z.looseObject({ path: text.optional(), url: text.optional() } satisfies Fields<FileRef>);

const resultFile = z.looseObject({
  path: text.optional(),
  url: text.optional(),
  bytes: whole,
  sha256: text.regex(/^[0-9a-f]{64}$/),
  contentType: text,
} satisfies Fields<ResultFile>);

const operationShape = {
  status: text,
  operationId: text.optional(),
  statusUrl: text.optional(),
  resourceLocation: text.optional(),
  resourceId: text.optional(),
  body: anyJson.optional(),
  file: resultFile.optional(),
  resource: anyJson.optional(),
  warning: anyJson.optional(),
  truncated: z.array(text).optional(),
  missing: texts.optional(),
  created: text.optional(),
  createdText: text.optional(),
  submittedAt: time.optional(),
  completedAt: time,
  polls: whole,
  labels,
} satisfies Fields<OperationResult>;

/** {@link OperationResult} */
export const operationResult = z.looseObject(operationShape);

/** {@link Acceptance} */
export const acceptance = z.looseObject({ operationId: text.optional(), statusUrl: text.optional() } satisfies Fields<Acceptance>);

const made = z.looseObject({
  resourceId: text.optional(),
  resourceLocation: text.optional(),
  operationId: text.optional(),
  body: anyJson.optional(),
} satisfies Fields<StepMade>);

const { labels: ownLabels, ...stepShape } = operationShape;
const steps = z.array(z.looseObject({ id: text, ...stepShape } satisfies Fields<StepResult>));

const chainShape = {
  status: text,
  operationId: text.optional(),
  statusUrl: text.optional(),
  resourceId: text.optional(),
  resourceLocation: text.optional(),
  completedAt: time,
  polls: whole,
  made: z.record(z.string(), made),
  steps,
  startedAt: time,
  labels: ownLabels,
} satisfies Fields<ChainResult>;

/** {@link ChainResult} */
export const chainResult = z.looseObject(chainShape);

/** {@link BuildTilesetResult} */
export const buildTilesetResult = z.looseObject({
  ...chainShape,
  made: z.looseObject({
    ...Object.fromEntries(TILESET_STEPS.map((id) => [id, made.optional()])),
    tileset: made,
  }),
} satisfies Fields<BuildTilesetResult>);

const cleaned = z.looseObject({
  step: text,
  resourceLocation: text,
  deleted: z.boolean(),
  reason: text.optional(),
} satisfies Fields<CleanedResource>);

const counts = z.looseObject({
  total: whole,
  ...(Object.fromEntries(ITEM_OUTCOMES.map((outcome) => [outcome, whole])) as Record<(typeof ITEM_OUTCOMES)[number], typeof whole>),
} satisfies Fields<BatchCounts>);

// Failures hold failures, and the result of a batch holds those of its items.
const anyFailure: z.ZodType = z.lazy(() => failureDetails);
const anyBatchResult: z.ZodType = z.lazy(() => batchResult);

/** {@link FailureDetails} */
export const failureDetails = z.looseObject({
  type: z.enum(FAILURE_TYPES),
  message: text,
  httpStatus: z.int().optional(),
  operationId: text.optional(),
  statusUrl: text.optional(),
  error: anyJson.optional(),
  body: anyJson.optional(),
  truncated: z.array(text).optional(),
  idempotencyKey: text.optional(),
  firstSentAt: text.optional(),
  requestId: text.optional(),
  correlationId: text.optional(),
  labels,
  batch: anyBatchResult.optional(),
  step: text.optional(),
  cause: anyFailure.optional(),
  made: z.record(z.string(), made).optional(),
  resumeFrom: z.looseObject({}).describe('The input of a new runChain or buildTileset').optional(),
  cleanup: z.array(cleaned).optional(),
} satisfies Fields<FailureDetails>);

const itemResult = z.looseObject({
  ...operationShape,
  made: chainShape.made.optional(),
  steps: steps.optional(),
  startedAt: time.optional(),
});

/** {@link ItemReport} */
export const itemReport = z.looseObject({
  id: text,
  kind: z.enum(ITEM_KINDS),
  outcome: z.enum(ITEM_OUTCOMES),
  result: itemResult.optional(),
  failure: failureDetails.optional(),
  generation: whole,
  labels,
  input: z.looseObject({}).describe("The item's input, for a retry").optional(),
  idempotencyKey: text.optional(),
  firstSentAt: text.optional(),
} satisfies Fields<ItemReport>);

/** {@link BatchResult} */
export const batchResult = z.looseObject({
  counts,
  startedAt: time,
  completedAt: time,
  durationSeconds: z.number().min(0),
  itemsPerSecond: z.number().min(0),
  firstFailures: z.array(itemReport),
  report: fileRef.optional(),
} satisfies Fields<BatchResult>);

const problem = z.looseObject({
  message: text,
  at: time,
  since: time.optional(),
  times: whole.optional(),
  kind: z.enum(TROUBLE_KINDS).optional(),
  said: text.optional(),
  httpStatus: z.int().optional(),
  requestId: text.optional(),
} satisfies Fields<Problem>);

const PHASES = ['validating', 'submitting', 'waiting', 'asking', 'fetching', 'canceling', 'succeeded', 'failed', 'canceled'] as const;

const progressShape = {
  status: text.optional(),
  operationId: text.optional(),
  statusUrl: text.optional(),
  polls: whole,
  lastPollAt: time.optional(),
  nextPollAt: time.optional(),
  attempt: whole.optional(),
  nextTryAt: time.optional(),
  lastProblem: problem.optional(),
  resourceLocation: text.optional(),
  failure: z.looseObject({ type: text, message: text } satisfies Fields<ProgressFailure>).optional(),
} satisfies Fields<Omit<OperationProgress, 'phase' | 'tracker'>>;

/** {@link OperationProgress} */
export const operationProgress = z.looseObject({
  phase: z.enum(PHASES satisfies readonly OperationProgress['phase'][]),
  ...progressShape,
  tracker: text.optional(),
});

/** {@link ChainProgress} */
export const chainProgress = z.looseObject({
  phase: z.enum(['validating', 'running', 'canceling', 'cleaningUp', 'succeeded', 'failed', 'canceled']),
  step: text.optional(),
  steps: z.array(
    z.looseObject({
      ...progressShape,
      id: text,
      phase: z.enum([...PHASES, 'notStarted', 'given']),
      title: text,
    } satisfies Fields<StepProgress>),
  ),
} satisfies Fields<ChainProgress>);

/** {@link BatchProgress} */
export const batchProgress = z.looseObject({
  phase: z.enum(['validating', 'running', 'paused', 'stopping', 'canceling', 'reporting', 'succeeded', 'failed', 'canceled']),
  counts,
  submitted: whole,
  running: whole,
  itemsPerSecond: z.number().min(0),
  etaSeconds: z.number().min(0).optional(),
  startedAt: time.optional(),
  shards: whole,
  lastProblems: z.array(problem),
  report: fileRef.optional(),
} satisfies Fields<BatchProgress>);

/** {@link ItemStanding} */
export const itemStanding = z.looseObject({
  id: text,
  state: z.enum(['notStarted', 'submitting', 'open', 'ended']),
  step: text.optional(),
  progress: z.looseObject(progressShape).optional(),
  report: itemReport.optional(),
} satisfies Fields<ItemStanding>);
