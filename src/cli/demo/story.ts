/**
 * The steps of the demo: a drawing package becomes a tileset by one workflow of four operations, the worker is killed in the middle of
 * the second one, one operation is rejected and one package fails.
 *
 * Keeps true: everything is done through the public client, as any other service would do it; whatever does not go as expected throws.
 */
import { ChainError, OperationError, type ChainHandle, type LroClient, type StepProgress } from '../../client';
import { TILESET_STEPS, type BuildTilesetInput, type TilesetStep } from '../../contract';
import { buildDrawingPackage } from '../../emulator/sample-package';
import { seconds, type Screen } from './screen';
import { CONNECTION, PACKAGE, type DemoService, type Stage } from './stage';
import { workflowLink, type DemoTemporal } from './temporal';

export interface Scene {
  screen: Screen;
  stage: Stage;
  service: DemoService;
  temporal: DemoTemporal;
  lro: LroClient;
  taskQueue: string;
  workerPid: number;
}

/** The demo did not go as expected. */
class UnexpectedError extends Error {
  override readonly name = 'UnexpectedError';
}

/** Without the service's address, which the screen has named. */
function pathOf(url: string): string {
  const { pathname, search } = new URL(url);
  return pathname + search;
}

/** Steps need a few seconds; this is for one that hangs. */
const STEP_TIMEOUT_SECONDS = 60;

/** The conversion lasts longer than other steps, with a longer Retry-After: time to kill the worker. */
const LONG_CONVERSION = { durationSeconds: 8, retryAfter: '3' };

/** The chain's steps, in order. */
const STEPS = TILESET_STEPS.filter((step) => step !== 'routeset');
const KILLED_STEP = 'conversion';

export class Story {
  /** Description of every operation by its name, to find its requests at the service. */
  private readonly descriptions = new Map<string, string>();
  /** Last part of every id. With a time on a server that already existed, because it may know earlier demos. */
  private readonly subject: string;

  constructor(private readonly scene: Scene) {
    const time = new Date().toISOString().replace(/[-:]|\..*/g, '');
    this.subject = scene.temporal.server === undefined ? `building-1-${time}` : 'building-1';
  }

  /** @returns the id of the dataset, which more tilesets can be made of */
  async run(): Promise<string> {
    const { screen, stage } = this.scene;
    const drawings = await buildDrawingPackage({ facilityName: 'Demo building', levelCount: 3, paddingBytes: 200_000 });
    const path = stage.addFile(PACKAGE, drawings);
    screen.step('pending', 'package', `3 levels, ${Math.round(drawings.length / 1024)} KB: ${STEPS.join(' → ')}`);
    const handle = await this.build('tileset', path, STEPS);
    for (const step of STEPS) await this.untilDone(handle, step);
    const { made } = await handle.result({ timeoutSeconds: STEP_TIMEOUT_SECONDS });
    this.link('tileset');

    screen.line();
    await this.reject();
    const broken = stage.addFile('broken.zip', await buildDrawingPackage({ facilityName: 'Broken building', broken: 'unknownLayer' }));
    await this.fail(await this.build('broken', broken, ['upload', 'conversion']));
    const datasetId = made.dataset?.resourceId;
    if (datasetId === undefined) throw new UnexpectedError('the chain names no dataset');
    return datasetId;
  }

  /** Counts the POSTs that the service got. */
  async countPosts(): Promise<void> {
    const { screen, service } = this.scene;
    const posts = await service.admin.requests({ method: 'POST' });
    const counts = [...this.descriptions].map(([name, description]) => ({
      name,
      count: posts.filter(({ query }) => new URLSearchParams(query).get('description') === description).length,
    }));
    const wrong = counts.filter(({ count }) => count !== 1);
    const listed = (list: typeof counts): string => list.map(({ name, count }) => `${name} ${count}`).join(', ');
    if (wrong.length > 0) throw new UnexpectedError(`the service saw other than one POST per operation: ${listed(wrong)}`);
    screen.step('done', 'service', `saw ${screen.emphasize('1 POST per operation')}: ${listed(counts)}`);
  }

  /** Starts a chain; it is found at the service by the descriptions of its steps. */
  private build(name: string, path: string, steps: readonly TilesetStep[]): Promise<ChainHandle> {
    const prefix = name === 'tileset' ? '' : `${name}-`;
    const descriptions = Object.fromEntries(steps.map((step) => [step, this.describe(`${prefix}${step}`)]));
    const input: BuildTilesetInput = { connection: CONNECTION, package: { path }, descriptions, labels: { demo: name } };
    return this.scene.lro.buildTileset(input, { id: this.id(name) });
  }

  /** Follows one step to its end; during one of them the worker is killed. */
  private async untilDone(handle: ChainHandle, name: TilesetStep): Promise<void> {
    const { screen } = this.scene;
    const startedAtMs = performance.now();
    screen.pending(name, 'waiting for its turn');
    const begun = await this.stepUntil(handle, name, ({ operationId }) => operationId !== undefined);
    screen.step('pending', name, `${begun.title.split(' · ')[0] ?? ''} → 202, operation ${begun.operationId ?? ''}`);
    if (name === KILLED_STEP) await this.killWorkerDuring(handle, begun);
    screen.pending(name, 'waiting for its end');
    const { resourceLocation, polls } = await this.stepUntil(handle, name, ({ phase }) => phase === 'succeeded');
    if (resourceLocation === undefined) throw new UnexpectedError(`the ${name} gave no resource location`);
    screen.step('done', name, `${pathOf(resourceLocation)} (${polls} polls, ${seconds(performance.now() - startedAtMs)})`);
  }

  private async killWorkerDuring(handle: ChainHandle, { operationId = '', id: name }: StepProgress): Promise<void> {
    const { screen, stage, service, taskQueue, workerPid } = this.scene;
    await service.admin.changeOperation(operationId, LONG_CONVERSION);
    const isLong = ({ phase, nextPollAt }: StepProgress): boolean =>
      phase === 'waiting' && Date.parse(nextPollAt ?? '') - Date.now() > 1000;
    const { nextPollAt = '' } = await this.stepUntil(handle, name, isLong);
    const polls = { method: 'GET', path: `/operations/${operationId}$` };
    const lastSeq = (await service.admin.requests()).at(-1)?.seq ?? 0;
    await stage.killWorker();
    const killedAtMs = Date.now();
    const due = seconds(Date.parse(nextPollAt) - killedAtMs);
    screen.step('kill', 'worker', `pid ${workerPid} ended by SIGKILL while the ${name} waits: next poll in ${due}`);
    screen.pending('worker', 'starting again');
    const { pid } = await stage.startWorker(taskQueue);
    screen.step('done', 'worker', `started again ${seconds(Date.now() - killedAtMs)} after the kill, pid ${pid}`);
    screen.pending(name, 'waiting for the next poll');
    const [poll] = await service.admin.waitForRequests({ ...polls, since: lastSeq, timeoutSeconds: STEP_TIMEOUT_SECONDS });
    if (poll === undefined) throw new UnexpectedError(`the ${name} was not polled again`);
    const after = screen.emphasize(`${seconds(poll.receivedAtMs - killedAtMs)} after the kill`);
    screen.step('done', name, `polled again ${after}, the same operation`);
  }

  /** The progress of a step, as soon as it is as wanted. */
  private async stepUntil(handle: ChainHandle, name: string, isWanted: (step: StepProgress) => boolean): Promise<StepProgress> {
    const giveUpAtMs = Date.now() + STEP_TIMEOUT_SECONDS * 1000;
    while (Date.now() < giveUpAtMs) {
      const { phase, steps } = await handle.progress();
      const step = steps.find(({ id }) => id === name);
      if (step !== undefined && isWanted(step)) return step;
      if (phase === 'failed') break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    // Throws the reason if it has failed.
    await handle.result({ timeoutSeconds: 1 });
    throw new UnexpectedError(`step "${name}" of "${handle.id}" did not come as far as it should`);
  }

  /** An operation alone, which the service refuses. */
  private async reject(): Promise<void> {
    const { screen, lro } = this.scene;
    const submit = { path: '/tilesets', query: { datasetId: 'no-such-dataset', description: this.describe('rejected') } };
    screen.pending('rejected', `POST ${submit.path}, which has to end badly`);
    try {
      await lro.execute({ connection: CONNECTION, submit }, { id: this.id('rejected'), timeoutSeconds: STEP_TIMEOUT_SECONDS });
    } catch (err) {
      if (!(err instanceof OperationError) || err.type !== 'SubmissionRejected') throw err;
      screen.step('expectedFailure', 'rejected', `${err.type}: ${err.message}`);
      return this.link('rejected');
    }
    throw new UnexpectedError('an operation of no dataset has succeeded');
  }

  /** A chain whose package cannot be converted. */
  private async fail(handle: ChainHandle): Promise<void> {
    const { screen } = this.scene;
    screen.pending('failed', 'a package whose manifest names a layer that no drawing has');
    try {
      await handle.result({ timeoutSeconds: STEP_TIMEOUT_SECONDS });
    } catch (err) {
      if (!(err instanceof ChainError) || err.type !== 'StepFailed') throw err;
      screen.step('expectedFailure', 'failed', `${err.type}: ${err.message}`);
      return this.link('broken');
    }
    throw new UnexpectedError('a broken package has become a tileset');
  }

  private link(name: string): void {
    const { screen, temporal } = this.scene;
    const link = workflowLink(temporal, this.id(name));
    if (link !== undefined) screen.note(link);
  }

  private id(name: string): string {
    return `demo/${name}/${this.subject}`;
  }

  /** Makes an operation recognizable at the service. */
  private describe(name: string): string {
    const description = this.id(name);
    this.descriptions.set(name, description);
    return description;
  }
}
