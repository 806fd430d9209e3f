/**
 * The runbooks that take minutes, because Temporal flags a workflow only after some tries (`LRO_LONG=1`): another build, and a Temporal of
 * its own, which loses a search attribute or is killed.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { startDevServer, type DevServer } from '../../src/devserver';
import { temporaryFolder } from '../support/config';
import { eventually } from '../support/eventually';
import { sharedAddress } from '../support/in-process';
import { nextBuild } from '../upgrade/next-build';
import { Bed } from './bed';
import { condition } from './following';
import { isNone } from './runbook';

/** Temporal tries a failed workflow task again after up to ten minutes; after the few tries of a test, within two. */
const FLAG_SECONDS = 240;
const TEST_TIMEOUT_MS = 600_000;

const long = process.env['LRO_LONG'] === '1' ? test : test.skip;

async function withBed(address: string, work: (bed: Bed) => Promise<void>): Promise<void> {
  const bed = await Bed.open(address);
  try {
    await work(bed);
  } finally {
    await bed.close();
  }
}

const ATTRIBUTES = { LroStatus: 'Keyword', LroConnection: 'Keyword', LroOperationId: 'Keyword', LroTrouble: 'Keyword' } as const;

async function withTemporal(options: { databaseFile?: string }, work: (server: DevServer) => Promise<void>): Promise<void> {
  const server = await startDevServer({ searchAttributes: ATTRIBUTES, ...options });
  try {
    await work(server);
  } finally {
    await server.kill();
  }
}

long(
  'rollback: a build whose code does not replay open workflows is taken back',
  async () => {
    const next = await nextBuild();
    await withBed(sharedAddress(), async (bed) => {
      const deploymentName = `runbooks/${randomUUID()}`;
      const version = (buildId: string) => ({ TEMPORAL_DEPLOYMENT_NAME: deploymentName, TEMPORAL_WORKER_BUILD_ID: buildId });
      const { workflowService } = bed.client;
      const untilKnown = (buildId: string): Promise<unknown> =>
        eventually(
          () => workflowService.describeWorkerDeployment({ namespace: 'default', deploymentName }).catch(() => undefined),
          (answer) => JSON.stringify(answer?.workerDeploymentInfo?.versionSummaries ?? []).includes(`"${buildId}"`),
        );
      const unversioned = await bed.startWorker();
      const operation = await bed.start('waiting');
      await eventually(
        () => operation.progress(),
        ({ polls }) => polls > 0,
      );
      await unversioned.stop();
      await bed.startWorker({ program: next.program, env: version('next') });
      await untilKnown('next');
      await workflowService.setWorkerDeploymentCurrentVersion({ namespace: 'default', deploymentName, buildId: 'next', identity: 'test' });
      await condition(bed, 'LroRollback', 'waiting', true, FLAG_SECONDS);
      const book = await bed.runbook('Rollback', 'waiting', {
        ID: operation.id,
        TEMPORAL_DEPLOYMENT_NAME: deploymentName,
        OLD_BUILD_ID: 'old',
      });
      await book.see(operation.id, 'TMPRL1100');
      await bed.startWorker({ env: version('old') });
      await untilKnown('old');
      await book.act();
      await condition(bed, 'LroRollback', 'waiting', false, FLAG_SECONDS);
      await book.untilOver((output) => isNone(output) && /CurrentVersionBuildID +old/.test(output));
      book.finished();
      await bed.finish(operation);
    });
  },
  TEST_TIMEOUT_MS,
);

long(
  'poisoned workflow: a search attribute that was removed is registered again',
  async () => {
    await withTemporal({}, (server) =>
      withBed(server.address, async (bed) => {
        await bed.startWorker();
        const operation = await bed.start('waiting');
        const { operationId = '' } = await operation.accepted();
        const { operatorService } = bed.client.connection as unknown as { operatorService: Operators };
        await operatorService.removeSearchAttributes({ namespace: 'default', searchAttributes: ['LroStatus'] });
        await bed.emulator.admin.changeOperation(operationId, { finish: 'Succeeded' });
        await condition(bed, 'LroWorkflowPoisoned', 'waiting', true, FLAG_SECONDS);
        const book = await bed.runbook('Poisoned workflow', 'waiting', { ID: operation.id });
        await book.see(operation.id, 'BadSearchAttributes', 'LroStatus');
        await book.act();
        await condition(bed, 'LroWorkflowPoisoned', 'waiting', false, FLAG_SECONDS);
        await book.untilOver(isNone);
        book.finished();
        expect(await operation.result({ timeoutSeconds: FLAG_SECONDS })).toMatchObject({ status: 'Succeeded' });
      }),
    );
  },
  TEST_TIMEOUT_MS,
);

interface Operators {
  removeSearchAttributes(request: { namespace: string; searchAttributes: string[] }): Promise<unknown>;
}

long(
  'temporal lost: workers go on by themselves when it is back',
  async () => {
    const databaseFile = join(temporaryFolder(), 'temporal.db');
    await withTemporal({ databaseFile }, (server) =>
      withBed(server.address, async (bed) => {
        await bed.startWorker();
        const operation = await bed.start('waiting');
        await operation.accepted();
        await server.kill();
        const book = await bed.runbook('Temporal lost', 'waiting');
        await condition(bed, 'LroTemporalLost', 'waiting', true);
        await book.see(/connection refused|Unavailable|deadline/i);
        const again = await startDevServer({ port: server.port, databaseFile });
        try {
          await condition(bed, 'LroTemporalLost', 'waiting', false);
          await book.untilOver((output) => output.includes('SERVING') && output.includes('@'));
          book.finished();
          await bed.finish(operation);
        } finally {
          await again.kill();
        }
      }),
    );
  },
  TEST_TIMEOUT_MS,
);
