/**
 * Runs rows: each in every shape at the same time, against one worker. Every run has a service and a connection of its own, so that what
 * one is asked to wait for does not hold another.
 */
import pLimit from 'p-limit';
import type { OperationInput } from '../../src/contract';
import { RUN_OPERATION } from '../../src/contract';
import { temporaryFolder, testConfig } from '../support/config';
import { eventually } from '../support/eventually';
import { startTestHarness } from '../support/in-process';
import { commonEnd, lastBackoffSeconds, masked, NO_NAME, timerNames } from './normal-form';
import type { Outcome, Progress, Row, Watched } from './row';
import { ScriptedService } from './scripted-service';
import { SHAPES, type Run, type Shape, type ShapeContext } from './shapes';

/** Rows at once. */
const CONCURRENT_ROWS = 12;
/** A run that has not ended by then is broken. */
const RUN_SECONDS = 80;

/** A row in one shape. */
interface Planned {
  row: Row;
  shape: Shape;
  service: ScriptedService;
  connection: string;
}

/** Outcomes by shape, of each row; a promise rejects when a run broke. */
export interface Rows {
  outcomes: ReadonlyMap<Row, Promise<Record<string, Outcome>>>;
  close(): Promise<void>;
}

/** Starts all rows; those that take longest are to stand first. */
export async function startRows(rows: readonly Row[]): Promise<Rows> {
  const folder = temporaryFolder();
  const wanted = rows.flatMap((row, index) => SHAPES.map((shape) => ({ row, shape, connection: `c${index}-${shape.name}` })));
  const [refusing, others] = [true, false].map((refuses) => wanted.filter(({ row }) => (row.refuses === true) === refuses));
  // A port that refuses is free: whoever listens is to have its own before.
  const planned = [...(await Promise.all(others!.map(plan))), ...(await Promise.all(refusing!.map(plan)))];
  const connections = Object.fromEntries(planned.map((one) => [one.connection, connectionOf(one)]));
  const worker = await startTestHarness(testConfig(connections, { files: { writeBelow: [folder] } }));
  const context = { client: worker.client, taskQueue: worker.taskQueue, folder };
  const limit = pLimit(CONCURRENT_ROWS);
  const outcomes = new Map(
    rows.map((row) => {
      const runs = planned.filter((one) => one.row === row);
      return [row, limit(() => inAllShapes(context, runs))];
    }),
  );
  const settled = Promise.allSettled(outcomes.values());
  return {
    outcomes,
    close: async () => {
      await settled;
      await worker.close();
      await Promise.all(planned.map(({ service }) => service.close()));
    },
  };
}

async function plan(wanted: Omit<Planned, 'service'>): Promise<Planned> {
  const { row } = wanted;
  return { ...wanted, service: await (row.refuses === true ? ScriptedService.reserve(row.script) : ScriptedService.start(row.script)) };
}

/** As the worker's file has it. */
function connectionOf({ row, service }: Planned): { baseUrl: string } {
  const { poll, ...more } = row.connection ?? {};
  return { baseUrl: service.url, ...more, ...{ poll: { defaultSeconds: 0, minSeconds: 0, ...(poll as object | undefined) } } };
}

async function inAllShapes(context: ShapeContext, runs: readonly Planned[]): Promise<Record<string, Outcome>> {
  const outcomes = await Promise.allSettled(runs.map((run) => runOne(context, run)));
  return Object.fromEntries(
    outcomes.map((outcome, index) => {
      const { name = '' } = runs[index]?.shape ?? {};
      if (outcome.status === 'rejected') throw new Error(`as ${name}: ${String(outcome.reason)}`, { cause: outcome.reason });
      return [name, outcome.value];
    }),
  );
}

async function runOne(context: ShapeContext, planned: Planned): Promise<Outcome> {
  const { row, shape, service, connection } = planned;
  const input = inputOf(planned);
  const steps = [...(row.steps ?? [])];
  if (steps[0] !== undefined && steps[0].at === undefined) {
    steps.shift();
    await runNeighbour(context, planned);
  }
  const run = await shape.start(context, `differential-${connection}-${Date.now()}`, input);
  try {
    return await bounded(run, follow(context, planned, run, steps));
  } finally {
    service.release();
  }
}

/** `{base}` in the input is the service's own URL. */
function inputOf({ row, service, connection }: Planned): OperationInput {
  const input = row.input ?? { submit: { path: '/things' } };
  return { connection, ...(JSON.parse(JSON.stringify(input).replaceAll('{base}', service.url)) as OperationInput) };
}

async function follow(context: ShapeContext, planned: Planned, run: Run, steps: NonNullable<Row['steps']>): Promise<Outcome> {
  const { row, service, connection } = planned;
  const watched = watch(run, service);
  const seen: (Progress | undefined)[] = [];
  for (const { at, does } of steps) {
    seen.push((await at?.(watched)) ?? (await run.progress()));
    if (does === 'cancel') await run.cancel();
    if (does === 'neighbour') await runNeighbour(context, planned);
    if (does === 'listen') await service.listen();
    if (does === 'release') service.release();
  }
  const end = await run.ended();
  const events = await run.history();
  const own = { url: service.url, connection };
  return {
    ...commonEnd(end, own),
    requests: withoutNeighbours(service.requests),
    progress: masked(seen, own),
    timers: timerNames(events).filter((name) => row.ignoresTimers !== true || name === NO_NAME),
    lastBackoffSeconds: row.expected.lastBackoffSeconds === undefined ? undefined : lastBackoffSeconds(events),
  };
}

function watch(run: Run, service: ScriptedService): Watched {
  return {
    service,
    progressed: (isWanted) =>
      eventually(
        () => run.progress(),
        (progress) => progress !== undefined && isWanted(progress),
      ),
  };
}

const NEIGHBOUR = '/neighbours';
/** A neighbour that has not had its answers by then is broken. */
const NEIGHBOUR_SECONDS = 60;

/** Another operation on the same connection, until the last of its answers is on its way. */
async function runNeighbour({ client, taskQueue }: ShapeContext, { row, service, connection }: Planned): Promise<void> {
  const route = `POST ${NEIGHBOUR}`;
  const args = [{ connection, submit: { path: NEIGHBOUR } }];
  const handle = await client.workflow.start(RUN_OPERATION, { workflowId: `neighbour-${connection}-${Date.now()}`, taskQueue, args });
  const answers = row.script[route]?.length ?? 1;
  await eventually(
    () => service.requests[route] ?? 0,
    (requests) => requests >= answers,
    NEIGHBOUR_SECONDS,
  );
  await handle.terminate();
}

function withoutNeighbours(requests: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(requests).filter(([route]) => !route.endsWith(NEIGHBOUR)));
}

/** The outcome, or an error that says where the run stands instead. */
async function bounded(run: Run, outcome: Promise<Outcome>): Promise<Outcome> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<'over'>((resolve) => (timer = setTimeout(() => resolve('over'), RUN_SECONDS * 1000)));
  const first = await Promise.race([outcome, over]).catch(async (err: unknown) => {
    await run.terminate().catch(() => undefined);
    throw err;
  });
  clearTimeout(timer);
  if (first !== 'over') return first;
  outcome.catch(() => undefined);
  const progress = await run.progress();
  await run.terminate();
  throw new Error(`no end within ${RUN_SECONDS} s: ${JSON.stringify(progress)}`);
}
