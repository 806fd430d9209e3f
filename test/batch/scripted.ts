/** Batches whose activities send nothing and do what a test says, for moments that no process can be held at. */
import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import type { BatchActivities, PreparedBatch, ReportPage } from '../../src/activities/batch/messages';
import { withHeartbeat } from '../../src/activities/heartbeat';
import type { Ask, AskResult, LroActivities, SubmitRequest } from '../../src/activities/messages';
import { RUN_BATCH, type BatchInput, type BatchResult, type FailureDetails } from '../../src/contract';
import { rowsOf } from '../../src/jobs/packing';
import type { SubmitDecision } from '../../src/lro/monitor';
import { workflowBundle } from '../support/bundle';
import { eventually } from '../support/eventually';
import { accepted, running, type Server } from '../workflows/harness';

/** Every member may be left out. */
export interface BatchScript {
  prepareBatch?: BatchActivities['lro.prepareBatch'];
  writeReportPage?: (page: ReportPage) => Promise<void>;
  writeReportRest?: BatchActivities['lro.writeReportRest'];
  finishReport?: BatchActivities['lro.finishReport'];
  /** Default: one shard with all items in one page of a manifest. */
  shards?: PreparedBatch['shards'];
  items: number;
  maxInFlight?: number;
  continueAsNewAfterEvents?: number;
  /** Default: accepted, to be asked after a second. */
  submitted?: (chunk: SubmitRequest, index: number) => SubmitDecision | Promise<SubmitDecision>;
  status?: (asks: Ask[]) => Promise<AskResult[]>;
}

export interface ScriptedBatch {
  handle: WorkflowHandle<(input: BatchInput) => Promise<BatchResult>>;
  /** Chunks that were submitted. */
  chunks: SubmitRequest[];
  /** Ids of the report's lines. */
  lines: string[];
  /** Of the only shard: items that were submitted, and lines that it has handed on or keeps. */
  progressOfShard(): Promise<{ submitted: number; ended: number }>;
  untilShardHasCancelRequest(): Promise<void>;
  end(): Promise<void>;
}

const INPUT: BatchInput = { manifest: { path: 'items.jsonl' }, report: { path: 'report.jsonl' } };

/** A typed failure, as activities throw it. */
export function refusal(type: FailureDetails['type'], message: string): ApplicationFailure {
  return ApplicationFailure.create({ type, message, nonRetryable: true, details: [{ type, message }] });
}

export async function startScripted(
  { nativeConnection, client }: Pick<Server, 'nativeConnection'> & { client: Client },
  script: BatchScript,
): Promise<ScriptedBatch> {
  const taskQueue = `lro-${randomUUID()}`;
  const workflowId = `batch-${randomUUID()}`;
  const chunks: SubmitRequest[] = [];
  const lines: string[] = [];
  const { items, continueAsNewAfterEvents, maxInFlight = 250, submitted = () => accepted(1) } = script;
  const activities: Partial<BatchActivities & LroActivities> = {
    'lro.prepareBatch': ({ firstRunId }) =>
      Promise.resolve({
        source: { workflowId, firstRunId, file: { path: 'items.jsonl' } },
        total: items,
        shards: script.shards ?? [{ pages: [{ offset: 0, bytes: items, count: items, line: 1, hash: '' }] }],
        maxInFlight,
        connection: 'maps',
        report: { report: { path: 'report.jsonl' }, run: 'r' },
        settings: { searchAttributes: [], ...(continueAsNewAfterEvents === undefined ? {} : { continueAsNewAfterEvents }) },
      }),
    'lro.submit': (sent) => {
      const chunk = { ...sent, items: rowsOf(sent.items) } as SubmitRequest;
      chunks.push(chunk);
      return withHeartbeat(() =>
        Promise.all(
          chunk.items.map(async ({ index, firstSentAtMs }) => ({
            index,
            about: {
              id: `i-${index}`,
              title: `item ${index}`,
              deadlineSeconds: 0,
              onUncertainSubmit: 'retry' as const,
              connection: 'maps',
              minSeconds: 0,
              timeoutSeconds: 30,
            },
            firstSentAtMs,
            decision: await submitted(chunk, index),
          })),
        ),
      );
    },
    'lro.ask': (asks) => Promise.resolve(rowsOf(asks).map(({ id }) => ({ id, decision: running(1) }))),
    'lro.writeReportPage': async (page) => {
      await script.writeReportPage?.(page);
      lines.push(...page.ended.map(({ report }) => report.id));
      return undefined;
    },
    'lro.writeReportRest': ({ page, from, indexes }) => {
      const rest = indexes ?? Array.from({ length: page.count - from }, (_, index) => from + index);
      lines.push(...rest.map((index) => `i-${index}`));
      return Promise.resolve({ notStarted: rest.length });
    },
    'lro.finishReport': ({ target }) => Promise.resolve(target.report),
    'lro.cancel': (calls) => Promise.resolve(calls.map(({ id }) => ({ id, decision: { kind: 'accepted', httpStatus: 202 } }))),
    'lro.findItem': () => Promise.resolve(undefined),
  };
  const { status } = script;
  if (status !== undefined) activities['lro.ask'] = (asks) => status(rowsOf(asks));
  for (const name of ['prepareBatch', 'writeReportRest', 'finishReport'] as const) {
    if (script[name] !== undefined) Object.assign(activities, { [`lro.${name}`]: script[name] });
  }
  const worker = await Worker.create({ connection: nativeConnection, taskQueue, workflowBundle: workflowBundle(), activities });
  const ended = worker.run();
  const handle = await client.workflow.start<(input: BatchInput) => Promise<BatchResult>>(RUN_BATCH, {
    workflowId,
    taskQueue,
    args: [INPUT],
  });
  const shard = (): WorkflowHandle => {
    const { source } = chunks[0] ?? {};
    return client.workflow.getHandle(`${source?.workflowId ?? ''}/${source?.firstRunId ?? ''}/0`);
  };
  return {
    handle,
    chunks,
    lines,
    progressOfShard: async () => {
      if (chunks.length === 0) return { submitted: 0, ended: 0 };
      // What an operator sees.
      const { currentDetails } = await shard().query<{ currentDetails: string }>('__temporal_workflow_metadata');
      const numberOf = (name: string): number => Number(new RegExp(`^- ${name}: (\\d+)`, 'm').exec(currentDetails)?.[1] ?? 0);
      return { submitted: numberOf('submitted'), ended: numberOf('ended') };
    },
    untilShardHasCancelRequest: async () => {
      await eventually(
        () => shard().fetchHistory(),
        ({ events }) => events?.some((event) => event.workflowExecutionCancelRequestedEventAttributes) === true,
      );
    },
    end: async () => {
      worker.shutdown();
      await ended;
    },
  };
}

/** Heartbeats while it waits, as activities do. */
export function alive<T>(work: Promise<T>): Promise<T> {
  return withHeartbeat(() => work);
}
