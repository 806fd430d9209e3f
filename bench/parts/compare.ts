/**
 * This project beside other tools with the same operations, on the same fake service, in one run.
 *
 * Keeps true:
 * - rounds are interleaved: each tool is started anew in each round, and each round begins with another tool;
 * - a tool is measured warm, alone, and together with what others used of the machine meanwhile; a disturbed measurement is repeated;
 * - a figure that could not be measured is printed as a failure, and the exit code is 1.
 */
import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { measureLateness, measureMemory, measureRate, warm, LATENESS_RETRY_AFTER_SECONDS } from '../compare/measure';
import { rateKey, withRound, type Found } from '../compare/results';
import { printLateness, printMemory, printRates } from '../compare/tables';
import { isEnding } from '../ending';
import { startFakeService, type FakeService } from '../fake-service/client';
import type { Transport } from '../load';
import { measureQuietly, type Measured, type QuietRules } from '../machine-load';
import { TOOLS } from '../tools';
import { ownBatch } from '../tools/own-batch';
import type { RunningTool, Tool } from '../tools/tool';

export interface CompareOptions extends QuietRules {
  tools: string[];
  transports: Transport[];
  /** Folder of another checkout of the project, built, whose batch is measured too. */
  against?: string;
  operations: number[];
  /** For tools with a workflow per operation on Temporal. */
  singleOperations: number;
  rounds: number;
  /** Open at once while lateness is measured; 0: not measured. */
  latenessOperations: number;
  singleLatenessOperations: number;
  /** Open at once while memory is measured; 0: not measured. */
  openOperations: number;
  singleOpenOperations: number;
  /** A file for all figures of all rounds. */
  json?: string;
}

const CEILING = 'bare';
const WARM_OPERATIONS = 1000;
const WARM_SINGLE_OPERATIONS = 50;

/** Runs `measure`; an error is printed at once, and is in the table instead of a figure. */
async function attempt<T>(what: string, measure: () => Promise<T>): Promise<T | Error> {
  try {
    return await measure();
  } catch (err) {
    if (isEnding()) throw err;
    process.exitCode = 1;
    console.error(`FAILED: ${what}:`, err);
    return err instanceof Error ? err : new Error(String(err));
  }
}

/** Measures, and adds the round to what was found. */
async function addRound<T extends object>(
  what: string,
  rules: QuietRules,
  measure: (attempt: number) => Promise<T>,
  add: (round: Measured<T> | Error) => void,
): Promise<void> {
  const round = await attempt(what, () => measureQuietly(rules, measure));
  if (!(round instanceof Error))
    console.error(`  ${what}: ${JSON.stringify(round.figure, rounded)}, others ${round.others.toFixed(2)} cores`);
  add(round);
}

function rounded(_name: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(4)) : value;
}

async function withTool(tool: Tool, service: FakeService, measure: (running: RunningTool) => Promise<void>): Promise<void> {
  const running = await tool.start({ service });
  try {
    await measure(running);
  } finally {
    await running.stop();
  }
}

/** Figures of one round. */
async function measureRound(found: Found, service: FakeService, options: CompareOptions, round: number): Promise<void> {
  const { tool, rates } = found;
  const single = tool.workflowPerOperation === true;
  await withTool(tool, service, async (running) => {
    await warm(running, service, single ? WARM_SINGLE_OPERATIONS : WARM_OPERATIONS, options.transports);
    for (const operations of single ? [options.singleOperations] : options.operations) {
      for (const transport of options.transports) {
        const key = rateKey(transport, operations);
        await addRound(
          `${tool.key}, ${key}, round ${round}`,
          options,
          (nth) =>
            measureRate(running, service, { name: `bench/${transport}-${operations}-${nth}`, transport, operations, spreadSeconds: 0 }),
          (one) => rates.set(key, withRound(rates.get(key), one)),
        );
      }
    }
    const operations = single ? options.singleLatenessOperations : options.latenessOperations;
    if (operations === 0) return;
    const spread = { transport: 'plain', operations, spreadSeconds: LATENESS_RETRY_AFTER_SECONDS } as const;
    await addRound(
      `${tool.key}, lateness, round ${round}`,
      options,
      (nth) => measureLateness(running, service, { name: `bench/lateness-${nth}`, ...spread }),
      (one) => (found.lateness = withRound(found.lateness, one)),
    );
  });
}

/** In processes of its own, which have done nothing else. */
async function measureOpen(found: Found, service: FakeService, options: CompareOptions): Promise<void> {
  const { tool } = found;
  const single = tool.workflowPerOperation === true;
  const operations = single ? options.singleOpenOperations : options.openOperations;
  if (operations === 0) return;
  // Memory does not depend on what others do.
  const rules = { ...options, repeats: 0, waitSeconds: 0 };
  const load = { name: 'bench/open', transport: 'plain', operations, spreadSeconds: 0 } as const;
  await withTool(tool, service, async (running) => {
    await warm(running, service, single ? WARM_SINGLE_OPERATIONS : WARM_OPERATIONS, ['plain']);
    await addRound(
      `${tool.key}, memory`,
      rules,
      () => measureMemory(running, service, load),
      (one) => (found.memory = withRound(found.memory, one)),
    );
  });
}

/** The tools of a run; those that cannot run here carry why. */
function chosenTools({ tools, against }: CompareOptions): Found[] {
  const chosen = TOOLS.filter(({ key }) => tools.includes(key));
  if (against !== undefined) chosen.push(ownBatch('against', `the batch of ${basename(against)}`, 'retry', against));
  return chosen.map((tool) => {
    const missing = tool.missing?.();
    return { tool, rates: new Map(), failure: missing === undefined ? undefined : `skipped: ${missing}` };
  });
}

export async function compare(options: CompareOptions): Promise<void> {
  const service = await startFakeService();
  const all = chosenTools(options);
  const eachTool = async (round: number, measure: (found: Found) => Promise<void>): Promise<void> => {
    const runnable = all.filter(({ failure }) => failure === undefined);
    const first = round % Math.max(1, runnable.length);
    for (const found of [...runnable.slice(first), ...runnable.slice(0, first)]) {
      console.error(found.tool.title);
      const done = await attempt(found.tool.title, () => measure(found));
      if (done instanceof Error) found.failure = `FAILED: ${done.message}`;
      // Again and again: a run is long, and what it has found is to outlive it.
      if (options.json !== undefined) writeFileSync(options.json, JSON.stringify(all.map(plainly), undefined, 1));
    }
  };
  for (let round = 1; round <= options.rounds; round++) await eachTool(round - 1, (found) => measureRound(found, service, options, round));
  await eachTool(0, (found) => measureOpen(found, service, options));
  await service.stop();
  const isSingle = ({ tool }: Found): boolean => tool.workflowPerOperation === true;
  printRates(all, CEILING, options.rounds, options.quietCores);
  printLateness(all, (one) => (isSingle(one) ? options.singleLatenessOperations : options.latenessOperations), options.quietCores);
  printMemory(all, (one) => (isSingle(one) ? options.singleOpenOperations : options.openOperations), options.quietCores);
}

function plainly({ tool, rates, ...rest }: Found): object {
  const said = (value: unknown): unknown => (value instanceof Error ? value.message : value);
  return {
    tool: tool.key,
    rates: Object.fromEntries([...rates].map(([key, rounds]) => [key, said(rounds)])),
    ...Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, said(value)])),
  };
}
