/**
 * What happens in the demo: a drawing package becomes a tileset in four operations, the worker is killed in the middle of the second one,
 * one operation is rejected and one fails.
 *
 * Keeps true: everything is done through the public client, as a service of the reader's own would do it; whatever comes out otherwise
 * than expected throws.
 */
import { OperationError, type FailureType, type LroClient, type OperationHandle, type SubmitRequest } from '../../client';
import { buildDrawingPackage } from '../../emulator/sample-package';
import { seconds, type Screen } from './screen';
import { CONNECTION, type DemoService, type Stage } from './stage';
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

/** Something came out otherwise than expected. */
class UnexpectedError extends Error {
  override readonly name = 'UnexpectedError';
}

/** No step takes longer than a few seconds; this is for the case that one hangs. */
const STEP_TIMEOUT_SECONDS = 60;

/** The conversion takes longer than the others, and asks for longer pauses: time to kill the worker in. */
const LONG_CONVERSION = { durationSeconds: 8, retryAfter: '3' };

export class Story {
  /** Workflow ids in the order of their start, by the operation's name. */
  private readonly ids = new Map<string, string>();
  /** Last part of every id. A server that was there before remembers earlier demos. */
  private readonly subject: string;

  constructor(private readonly scene: Scene) {
    const time = new Date().toISOString().replace(/[-:]|\..*/g, '');
    this.subject = scene.temporal.server === undefined ? `building-1-${time}` : 'building-1';
  }

  /** @returns the id of the dataset, which more tilesets can be made of */
  async tell(): Promise<string> {
    const { screen, stage } = this.scene;
    const drawings = await buildDrawingPackage({ facilityName: 'Demo building', levelCount: 3, paddingBytes: 200_000 });
    const file = stage.addFile('building.zip', drawings);
    const udid = await this.succeed('upload', upload(file), `a drawing package of 3 levels, ${Math.round(drawings.length / 1024)} KB`);
    const conversionId = await this.succeedThroughKill('conversion', {
      path: '/conversions',
      query: { udid, outputOntology: 'facility-3.0' },
    });
    const datasetId = await this.succeed('dataset', { path: '/datasets', query: { conversionId } });
    await this.succeed('tileset', { path: '/tilesets', query: { datasetId } });

    screen.line();
    await this.fail('rejected', { path: '/tilesets', query: { datasetId: 'no-such-dataset' } }, 'SubmissionRejected');
    const brokenFile = stage.addFile('broken.zip', await buildDrawingPackage({ facilityName: 'Broken building', broken: 'unknownLayer' }));
    const brokenUdid = await this.succeed('bad-upload', upload(brokenFile), 'a package whose manifest names a layer that no drawing has');
    await this.fail('failed', { path: '/conversions', query: { udid: brokenUdid } }, 'OperationFailed');
    return datasetId;
  }

  /** What the service itself has seen. */
  async countPosts(): Promise<void> {
    const { screen, service } = this.scene;
    const posts = await service.admin.requests({ method: 'POST' });
    const counts = [...this.ids].map(([name, id]) => ({
      name,
      count: posts.filter(({ query }) => new URLSearchParams(query).get('description') === id).length,
    }));
    const wrong = counts.filter(({ count }) => count !== 1);
    const listed = (list: typeof counts): string => list.map(({ name, count }) => `${name} ${count}`).join(', ');
    if (wrong.length > 0) throw new UnexpectedError(`the service saw other than one POST per operation: ${listed(wrong)}`);
    screen.step('done', 'service', `saw ${screen.emphasize('1 POST per operation')}: ${listed(counts)}`);
  }

  private async succeed(name: string, submit: SubmitRequest, what?: string): Promise<string> {
    const startedAtMs = performance.now();
    const handle = await this.start(name, submit, what);
    return await this.end(name, handle, startedAtMs);
  }

  private async succeedThroughKill(name: string, submit: SubmitRequest): Promise<string> {
    const { admin } = this.scene.service;
    const startedAtMs = performance.now();
    await admin.setDefaults(LONG_CONVERSION);
    const handle = await this.start(name, submit);
    await admin.setDefaults({});
    await this.killWorkerDuring(name, handle);
    return await this.end(name, handle, startedAtMs);
  }

  private async killWorkerDuring(name: string, handle: OperationHandle & { acceptance: { operationId?: string } }): Promise<void> {
    const { screen, stage, service, taskQueue, workerPid } = this.scene;
    const nextPollAtMs = await longWait(handle);
    const polls = { method: 'GET', path: `/operations/${handle.acceptance.operationId ?? ''}$` };
    const lastSeq = (await service.admin.requests()).at(-1)?.seq ?? 0;
    await stage.killWorker();
    const killedAtMs = Date.now();
    screen.step(
      'kill',
      'worker',
      `pid ${workerPid} ended by SIGKILL while the ${name} waits: next ask due in ${seconds(nextPollAtMs - killedAtMs)}`,
    );
    screen.underWay('worker', 'starting again');
    const { pid } = await stage.startWorker(taskQueue);
    screen.step('done', 'worker', `started again ${seconds(Date.now() - killedAtMs)} after the kill, pid ${pid}`);
    screen.underWay(name, 'waiting for the next ask');
    const [asked] = await service.admin.waitForRequests({ ...polls, since: lastSeq, timeoutSeconds: STEP_TIMEOUT_SECONDS });
    if (asked === undefined) throw new UnexpectedError(`the ${name} was not asked again`);
    screen.step(
      'done',
      name,
      `asked again ${screen.emphasize(`${seconds(asked.receivedAtMs - killedAtMs)} after the kill`)}, the same operation`,
    );
  }

  /** Submits an operation; the 202 comes back in the same call. */
  private async start(name: string, submit: SubmitRequest, what?: string): ReturnType<LroClient['startAndWaitAccepted']> {
    const { screen, lro } = this.scene;
    const title = `POST ${submit.path}${what === undefined ? '' : `: ${what}`}`;
    screen.underWay(name, title);
    const handle = await lro.startAndWaitAccepted(this.input(name, submit), { id: this.id(name), timeoutSeconds: STEP_TIMEOUT_SECONDS });
    screen.step('underWay', name, `${title} → 202, operation ${handle.acceptance.operationId ?? 'without an id'}`);
    screen.underWay(name, 'waiting for its end');
    return handle;
  }

  private async end(name: string, handle: OperationHandle, startedAtMs: number): Promise<string> {
    const { resourceLocation, resourceId, polls } = await handle.result({ timeoutSeconds: STEP_TIMEOUT_SECONDS });
    if (resourceLocation === undefined || resourceId === undefined) throw new UnexpectedError(`the ${name} gave no resource location`);
    this.show('done', name, `${resourceLocation} (${polls} asks, ${seconds(performance.now() - startedAtMs)})`);
    return resourceId;
  }

  private async fail(name: string, submit: SubmitRequest, expected: FailureType): Promise<void> {
    const { screen, lro } = this.scene;
    screen.underWay(name, `POST ${submit.path}, which has to end badly`);
    try {
      await lro.execute(this.input(name, submit), { id: this.id(name), timeoutSeconds: STEP_TIMEOUT_SECONDS });
    } catch (err) {
      if (!(err instanceof OperationError) || err.type !== expected) throw err;
      this.show('expectedFailure', name, `${err.type}: ${err.message}`);
      return;
    }
    throw new UnexpectedError(`the operation "${name}" has succeeded, and should have ended as ${expected}`);
  }

  private show(kind: 'done' | 'expectedFailure', name: string, text: string): void {
    const { screen, temporal } = this.scene;
    screen.step(kind, name, text);
    const link = workflowLink(temporal, this.id(name));
    if (link !== undefined) screen.note(link);
  }

  private input(name: string, submit: SubmitRequest): { connection: string; submit: SubmitRequest; labels: Record<string, string> } {
    // The description makes the operation recognizable at the service.
    return {
      connection: CONNECTION,
      submit: { ...submit, query: { ...submit.query, description: this.id(name) } },
      labels: { demo: name },
    };
  }

  private id(name: string): string {
    const id = this.ids.get(name) ?? `demo/${name}/${this.subject}`;
    this.ids.set(name, id);
    return id;
  }
}

function upload(path: string): SubmitRequest {
  return { path: '/mapData', query: { dataFormat: 'dwgzippackage' }, bodyFile: { path, contentType: 'application/octet-stream' } };
}

/** Waits until the operation waits, with enough time left to kill in. @returns when it is due, in ms since the epoch */
async function longWait(handle: OperationHandle): Promise<number> {
  const giveUpAtMs = Date.now() + STEP_TIMEOUT_SECONDS * 1000;
  while (Date.now() < giveUpAtMs) {
    const { phase, nextPollAt } = await handle.progress();
    const nextPollAtMs = nextPollAt === undefined ? 0 : Date.parse(nextPollAt);
    if (phase === 'waiting' && nextPollAtMs - Date.now() > 1_000) return nextPollAtMs;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new UnexpectedError(`operation "${handle.id}" did not come to wait`);
}
