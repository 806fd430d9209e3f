/** The benchmarks' command line. `npm run bench -- --help` at the project's root. */
import { cpus, totalmem } from 'node:os';
import { resolve } from 'node:path';
import { InvalidArgumentError, program } from 'commander';
import { runToEnd } from './ending';
import { TRANSPORTS, type Transport } from './load';
import { compare } from './parts/compare';
import { growth } from './parts/growth';
import { operation } from './parts/operation';
import { polls } from './parts/polls';
import { protocol } from './parts/protocol';
import { restarts } from './parts/restarts';
import { steady } from './parts/steady';
import { upload } from './parts/upload';
import { TOOLS } from './tools';

// Use the Temporal CLI that the project may have fetched already.
process.env['LRO_CACHE_DIR'] ??= resolve(__dirname, '../../../.cache');

const PART_NAMES = ['compare', 'steady', 'growth', 'upload', 'protocol', 'operation', 'polls', 'restarts'] as const;
type PartName = (typeof PART_NAMES)[number];

interface Options {
  part: (PartName | 'all')[];
  tools?: string[];
  transports: Transport[];
  against?: string;
  json?: string;
  quietCores: number;
  waitSeconds: number;
  repeats: number;
  operations: number[];
  singleOperations: number;
  rounds: number;
  latenessOperations: number;
  singleLatenessOperations: number;
  openOperations: number;
  singleOpenOperations: number;
  steadyOperations: number;
  steadyRetryAfterSeconds: number;
  steadySeconds: number;
  steadyKill: boolean;
  growthOperations: number[];
  growthMaxInFlight: number;
  quick?: boolean;
}

/** Defaults of `--quick`: enough to see whether everything works, not for figures. */
const QUICK: Partial<Options> = {
  operations: [200],
  singleOperations: 50,
  rounds: 1,
  latenessOperations: 100,
  singleLatenessOperations: 20,
  openOperations: 500,
  singleOpenOperations: 50,
  waitSeconds: 0,
  repeats: 0,
  steadyOperations: 1000,
  steadyRetryAfterSeconds: 5,
  steadySeconds: 20,
  growthOperations: [200, 2000],
};

function count(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('a whole number is needed');
  return Number(text);
}

function cores(text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new InvalidArgumentError('a number is needed');
  return Number(text);
}

function counts(text: string): number[] {
  return text.split(',').map(count);
}

function names<T extends string>(allowed: readonly T[]): (text: string) => T[] {
  return (text) => {
    const chosen = text.split(',');
    const unknown = chosen.find((name) => !allowed.some((one) => one === name));
    if (unknown !== undefined) throw new InvalidArgumentError(`"${unknown}" is none of ${allowed.join(', ')}`);
    return allowed.filter((name) => chosen.includes(name));
  };
}

const toolKeys = TOOLS.map(({ key }) => key);

program
  .name('npm run bench --')
  .description('Benchmarks. Without --part: this project beside other tools, as one table.')
  .option('--part <names>', `${PART_NAMES.join(', ')}, or all`, names([...PART_NAMES, 'all']), ['compare'])
  .option('--quick', 'small counts and one round, to see whether everything works')
  .option('--tools <names>', `compare, steady: some of ${toolKeys.join(', ')}`, names(toolKeys))
  .option('--transports <names>', `compare: ${TRANSPORTS.join(', ')}`, names(TRANSPORTS), [...TRANSPORTS])
  .option('--against <folder>', 'compare: also the batch of another checkout of this project, built there', (folder) => resolve(folder))
  .option('--json <file>', 'compare: also writes all figures of all rounds there', (file) => resolve(file))
  .option('--quiet-cores <cores>', 'compare: what other processes may use before a figure is disturbed', cores, 0.15)
  .option('--wait-seconds <seconds>', 'compare: how long to wait for that before each measurement', count, 20)
  .option('--repeats <count>', 'compare: how often a disturbed measurement is repeated', count, 2)
  .option('--operations <counts>', 'compare: operations of a run', counts, [5000])
  .option('--single-operations <count>', 'compare: the same for tools with a workflow per operation', count, 200)
  .option('--rounds <count>', 'compare: rounds of which the median counts', count, 3)
  .option('--lateness-operations <count>', 'compare: open while lateness is measured; 0: not measured', count, 500)
  .option('--single-lateness-operations <count>', 'compare: the same for tools with a workflow per operation', count, 50)
  .option('--open-operations <count>', 'compare: open while memory is measured; 0: not measured', count, 10_000)
  .option('--single-open-operations <count>', 'compare: the same for tools with a workflow per operation', count, 500)
  .option('--steady-operations <count>', 'steady: open operations', count, 30_000)
  .option('--steady-retry-after-seconds <seconds>', 'steady: what the service asks for', count, 30)
  .option('--steady-kill', 'steady: afterwards the worker is killed', false)
  .option('--steady-seconds <seconds>', 'steady: how long it is measured', count, 240)
  .option('--growth-operations <counts>', 'growth: operations of each batch', counts, [1000, 10_000, 100_000])
  .option('--growth-max-in-flight <count>', 'growth: open at once', count, 2000);

async function main(): Promise<void> {
  program.parse();
  const options = program.opts<Options>();
  if (options.quick) {
    for (const [name, value] of Object.entries(QUICK)) {
      if (program.getOptionValueSource(name) === 'default') program.setOptionValue(name, value);
    }
  }
  const parts: Record<PartName, () => Promise<void> | void> = {
    protocol,
    operation,
    polls,
    upload,
    restarts,
    compare: () => compare({ ...options, tools: options.tools ?? toolKeys }),
    steady: () =>
      steady({
        tools: options.tools ?? ['batch'],
        operations: options.steadyOperations,
        retryAfterSeconds: options.steadyRetryAfterSeconds,
        seconds: options.steadySeconds,
        kills: options.steadyKill,
      }),
    growth: () => growth({ operations: options.growthOperations, maxInFlight: options.growthMaxInFlight }),
  };
  console.log(`${cpus().length} cores, ${(totalmem() / 1024 ** 3).toFixed(0)} GiB of memory, Node ${process.version}`);
  for (const name of PART_NAMES.filter((part) => options.part.includes(part) || options.part.includes('all'))) {
    console.error(`part ${name}`);
    await parts[name]();
  }
}

runToEnd(main);
