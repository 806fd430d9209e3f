/**
 * Following a run to its end: what is seen of it meanwhile, and its result.
 *
 * Keeps true: where no worker answers that is said within five seconds; Ctrl-C ends the watching only, and says how to go on.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChainResult, BatchResult, LroClient, OperationResult, RunKind, WaitOptions } from '../../client';
import { resultTable } from './batch-tables';
import { InterruptedError, EXIT_CODES, report } from './failures';
import { openLive, type Live, type Seen } from './live';
import { chainResultTable, operationResultTable } from './operation-tables';
import { seenOfBatch, seenOfChain, seenOfOperation } from './seen';
import { forShell } from './terminal';

/** What can be followed. */
export interface Followed<R> {
  kind: RunKind;
  id: string;
  taskQueue: string;
  look: (timeoutSeconds: number) => Promise<Seen>;
  result: (options: WaitOptions) => Promise<R>;
  table: (result: R) => string;
}

export interface FollowOptions extends WaitOptions {
  json?: true;
}

const LOOK_EVERY_MS = 1000;
/** Together with the question about the workers less than five. */
const LOOK_TIMEOUT_SECONDS = 3;

/** Of a kind that is known. @param taskQueue where its workers are */
export function followed(
  lro: LroClient,
  kind: RunKind,
  id: string,
  taskQueue: string,
): Followed<OperationResult | ChainResult | BatchResult> {
  const run = { kind, id, taskQueue };
  if (kind === 'batch') {
    const batch = lro.getBatch(id);
    return {
      ...run,
      look: async (timeoutSeconds) => seenOfBatch(await batch.progress({ timeoutSeconds })),
      result: (options) => batch.result(options),
      table: (result) => resultTable(result as BatchResult),
    };
  }
  if (kind === 'operation') {
    const operation = lro.get(id);
    return {
      ...run,
      look: async (timeoutSeconds) => seenOfOperation(await operation.progress({ timeoutSeconds })),
      result: (options) => operation.result(options),
      table: (result) => operationResultTable(result as OperationResult),
    };
  }
  const chain = lro.getChain(id);
  return {
    ...run,
    look: async (timeoutSeconds) => seenOfChain(await chain.progress({ timeoutSeconds })),
    result: (options) => chain.result(options),
    table: (result) => chainResultTable(result as ChainResult),
  };
}

/**
 * Shows how it goes on, until it ends.
 * @throws as `result` of its handle
 */
export async function follow<R>(lro: LroClient, run: Followed<R>, { json, timeoutSeconds }: FollowOptions): Promise<R> {
  const live = openLive(json === true);
  const stopListening = onInterrupt(run, live, json === true);
  const ended = new AbortController();
  const result = run.result({ timeoutSeconds }).finally(() => ended.abort());
  const looking = lookOn(lro, run, live, ended.signal);
  try {
    return await result;
  } finally {
    stopListening();
    live.close();
    // Its last question may wait for a worker that is not there.
    looking.catch(() => undefined);
  }
}

async function lookOn<R>(lro: LroClient, run: Followed<R>, live: Live, ended: AbortSignal): Promise<void> {
  for (;;) {
    const seen = await look(lro, run);
    if (ended.aborted) return;
    if (seen !== undefined) live.show(seen);
    await sleep(LOOK_EVERY_MS, undefined, { signal: ended }).catch(() => undefined);
  }
}

/** What is seen, or why nothing is. */
async function look<R>(lro: LroClient, { look: ask, taskQueue }: Followed<R>): Promise<Seen | undefined> {
  try {
    return await ask(LOOK_TIMEOUT_SECONDS);
  } catch {
    // What keeps it from being followed at all is what `result` throws.
    const text = await workersText(lro, taskQueue).catch(() => undefined);
    return text === undefined ? undefined : { text };
  }
}

/** That no worker answers, and what is known of them. */
export async function workersText(lro: LroClient, taskQueue: string): Promise<string> {
  const { count, lastSeenAt } = await lro.workers(taskQueue);
  const advice = `start one for it (LRO_TASK_QUEUE=${forShell(taskQueue)}), or begin again on a queue that has some (--task-queue)`;
  if (count === 0) return `no worker is listening on task queue "${taskQueue}": ${advice}`;
  return `no worker of task queue "${taskQueue}" has answered for ${LOOK_TIMEOUT_SECONDS} s (the last one asked for work at ${lastSeenAt ?? 'a time unknown'})`;
}

/** @returns how to stop listening */
function onInterrupt({ kind, id }: Pick<Followed<unknown>, 'kind' | 'id'>, live: Live, asJson: boolean): () => void {
  const interrupted = (): void => {
    live.close();
    report(new InterruptedError(`stopped watching; the ${kind} goes on. To see it again: lro watch ${forShell(id)}`), asJson);
    process.exit(EXIT_CODES.interrupted);
  };
  process.once('SIGINT', interrupted);
  return () => void process.off('SIGINT', interrupted);
}
