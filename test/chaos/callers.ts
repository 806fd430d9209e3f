/**
 * Callers who keep about 500 operations open: alone, as steps of chains, as items of batches. As soon as one has ended the next is started.
 *
 * Keeps true: whatever call fails meanwhile is made again under the same id, as a caller would who must know how it ended; what each is
 * told is kept once.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  BatchError,
  ChainCancelledError,
  ChainError,
  OperationCancelledError,
  OperationError,
  type BatchInput,
  type ChainInput,
  type FailureDetails,
  type FailureType,
  type ItemReport,
  type LroClient,
  type OperationResult,
} from '../../src/client';
import { Dice } from '../jobs/dice';
import type { Journal } from './journal';
import { inputOf, toldByResult, wantedOperation, type Lengths, type Told, type Wanted } from './operations';

/** How many are open at a time. */
const PLACES = { singles: 120, chains: 20, batches: 6, itemsInFlight: 60 };
/** Of one batch: it ends after a while, so that batches begin and end all the time. */
const ITEMS = 120;
const STEPS = 3;
const AGAIN_MS = 1000;

export class Callers {
  /** Of ended operations. */
  readonly told: Told[] = [];
  /** Workflows that were started, by id. */
  readonly workflows: string[] = [];
  /** Files that batches have written. */
  readonly reports: string[] = [];
  readonly problems: string[] = [];
  private isOpen = true;
  private readonly places: Promise<void>[] = [];

  constructor(
    private readonly lro: LroClient,
    private readonly folder: string,
    private readonly seed: number,
    private readonly lengths: Lengths,
    private readonly journal: Journal,
  ) {}

  /** Fills all places, not all in the same moment. */
  open(): void {
    const fill = (count: number, name: string, turn: (id: string, dice: Dice) => Promise<void>): void => {
      for (let index = 0; index < count; index++) this.places.push(this.place(`${name}${index}`, index, turn));
    };
    fill(PLACES.singles, 's', (id, dice) => this.single(id, dice));
    fill(PLACES.chains, 'c', (id, dice) => this.chain(id, dice));
    fill(PLACES.batches, 'b', (id, dice) => this.batch(id, dice));
  }

  /** Starts nothing more. Resolves when everything that was started has ended. */
  async close(): Promise<void> {
    this.isOpen = false;
    await Promise.all(this.places);
  }

  private async place(name: string, index: number, turn: (id: string, dice: Dice) => Promise<void>): Promise<void> {
    const dice = new Dice(hash(`${this.seed}/${name}`));
    await sleep(index * 100);
    for (let number = 0; this.isOpen; number++) {
      const id = `${name}-${number}`;
      this.workflows.push(id);
      await turn(id, dice);
    }
  }

  private async single(id: string, dice: Dice): Promise<void> {
    const wanted = wantedOperation(id, 'single', dice, this.lengths);
    const later = dice.below(this.lengths.longest) * 1000;
    const operation = await this.persistently(() => this.lro.start(inputOf(wanted), { id }));
    const soon = new AbortController();
    const meddling = this.meddle(wanted, later, soon.signal);
    const told = await this.persistently(() => operation.result().then((result) => toldByResult(wanted, result), toldByError(wanted)));
    soon.abort();
    await meddling;
    this.told.push(told);
  }

  /** Hurries or gives up an operation after a while. */
  private async meddle({ name, hurried, canceled }: Wanted, afterMs: number, ended: AbortSignal): Promise<void> {
    if (!hurried && !canceled) return;
    await sleep(afterMs, undefined, { signal: ended }).catch(() => undefined);
    const operation = this.lro.get(name);
    while (!ended.aborted) {
      try {
        if (canceled) await operation.cancel();
        else await operation.pollNow();
        return this.journal.count(canceled ? 'caller cancels an operation' : 'caller asks for a poll at once');
      } catch {
        await sleep(AGAIN_MS, undefined, { signal: ended }).catch(() => undefined);
      }
    }
  }

  private async chain(id: string, dice: Dice): Promise<void> {
    const steps = Array.from({ length: STEPS }, (_, index) => wantedOperation(`${id}.${index}`, 'step', dice, this.lengths));
    const input: ChainInput = {
      steps: steps.map((wanted, index) => {
        const { submit, ...more } = inputOf(wanted);
        const before = index === 0 ? '' : `{{steps.s${index - 1}.resourceId}}`;
        return { id: `s${index}`, ...more, submit: { ...submit, query: { ...submit.query, after: before } } };
      }),
    };
    const chain = await this.persistently(() => this.lro.runChain(input, { id }));
    const ends = await this.persistently(() =>
      chain.result().then(
        (result) => steps.map((wanted, index) => toldByResult(wanted, result.steps[index] as unknown as OperationResult)),
        (err: unknown) => toldByChain(steps, err),
      ),
    );
    this.told.push(...ends);
  }

  private async batch(id: string, dice: Dice): Promise<void> {
    const items = Array.from({ length: ITEMS }, (_, index) => wantedOperation(`${id}.${index}`, 'item', dice, this.lengths));
    const report = join(this.folder, `${id}.jsonl`);
    const input: BatchInput = {
      items: items.map((wanted) => ({ id: wanted.name, ...inputOf(wanted) })),
      maxInFlight: PLACES.itemsInFlight,
      report: { path: report },
    };
    const batch = await this.persistently(() => this.lro.startBatch(input, { id }));
    const result = await this.persistently(async () => {
      try {
        return await batch.result();
      } catch (err) {
        if (!(err instanceof BatchError)) throw err;
        this.problems.push(`batch ${id} ended as ${err.type}: ${err.message}`);
        return undefined;
      }
    });
    if (result === undefined) return;
    this.reports.push(report);
    this.readReport(report, items, result.counts.total);
  }

  private readReport(path: string, items: Wanted[], total: number): void {
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    const reports = lines.map((line) => JSON.parse(line) as ItemReport);
    if (total !== items.length || reports.length !== items.length)
      this.problems.push(`${path} has ${reports.length} lines, the result ${total} items, the batch ${items.length}`);
    const wanted = new Map(items.map((item) => [item.name, item]));
    for (const item of reports) {
      const of = wanted.get(item.id);
      if (of === undefined) this.problems.push(`${path} has a line of ${item.id}`);
      else this.told.push(toldByReport(of, item));
    }
  }

  /** Calls until there is an answer: what fails of Temporal, or of the way there, passes. */
  private async persistently<T>(call: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await call();
      } catch (err) {
        if (isRefused(err)) throw err;
        this.journal.count('a call of a caller was made again');
        await sleep(AGAIN_MS);
      }
    }
  }
}

/** A typed refusal is no fault of the way to Temporal. */
function isRefused(err: unknown): boolean {
  return err instanceof OperationError || err instanceof ChainError || err instanceof BatchError || err instanceof TypeError;
}

function toldByFailure(wanted: Wanted, failure: Partial<FailureDetails> & { type: FailureType }): Told {
  const { type, operationId, error, message } = failure;
  return { wanted, end: type, operationId, errorCode: codeOf(error), message };
}

function codeOf(error: FailureDetails['error']): string | undefined {
  return error !== null && typeof error === 'object' && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function toldByError(wanted: Wanted): (err: unknown) => Told {
  return (err) => {
    if (err instanceof OperationCancelledError) return { wanted, end: 'Canceled' };
    if (err instanceof OperationError) return toldByFailure(wanted, err.details);
    throw err;
  };
}

/** Of a chain whose step failed: what came before has succeeded, what comes after is not started. */
function toldByChain(steps: Wanted[], err: unknown): Told[] {
  if (err instanceof ChainCancelledError) throw new Error(`chain ${err.workflowId} was cancelled by nobody`);
  if (!(err instanceof ChainError)) throw err;
  const { step, cause, made } = err.details;
  const failed = steps.findIndex((_, index) => `s${index}` === step);
  return steps.slice(0, failed + 1).map((wanted, index) => {
    if (index < failed) return toldByResult(wanted, made?.[`s${index}`] ?? {});
    return toldByFailure(wanted, cause ?? err.details);
  });
}

function toldByReport(wanted: Wanted, { outcome, result, failure }: ItemReport): Told {
  if (outcome === 'succeeded') return toldByResult(wanted, result ?? {});
  if (failure === undefined) return { wanted, end: 'Canceled', message: outcome };
  return toldByFailure(wanted, failure);
}

/** FNV-1a: a seed of its own for each place. */
export function hash(text: string): number {
  let hashed = 0x811c9dc5;
  for (const char of Buffer.from(text)) hashed = Math.imul(hashed ^ char, 0x01000193);
  return hashed >>> 0;
}
