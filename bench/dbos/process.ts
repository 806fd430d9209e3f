/** A durable workflow per operation on DBOS, as its own process: the library keeps its state in PostgreSQL and runs where it is called. */
import { DBOS } from '@dbos-inc/dbos-sdk';
import { serveLoads } from '../control';
import { SUBMIT_BODY, SUBMIT_PATH } from '../fake-service/client';
import { poll, resourceOf, submit } from '../http-operation';
import { each } from '../load';

const [serviceUrl = '', databaseUrl = ''] = process.argv.slice(2);

/** Of 10, 20 and 50 the fastest on two cores. */
const POOL_CONNECTIONS = 20;

const runOperation = DBOS.registerWorkflow(
  async (url: string, body: unknown): Promise<string> => {
    const accepted = await DBOS.runStep(() => submit(url, body), { name: 'submit' });
    let waitSeconds = accepted.waitSeconds;
    for (;;) {
      if (waitSeconds > 0) await DBOS.sleepSeconds(waitSeconds);
      const answer = await DBOS.runStep(() => poll(accepted.statusUrl), { name: 'poll' });
      const resource = resourceOf(answer);
      if (resource !== undefined) return resource;
      waitSeconds = answer.waitSeconds;
    }
  },
  { name: 'runOperation' },
);

async function main(): Promise<void> {
  DBOS.setConfig({
    name: 'durable-lro-bench',
    systemDatabaseUrl: databaseUrl,
    systemDatabasePoolSize: POOL_CONNECTIONS,
    logLevel: 'error',
  });
  await DBOS.launch();
  serveLoads(async (load) => {
    await each(load, async (workflowID) => {
      const handle = await DBOS.startWorkflow(runOperation, { workflowID })(`${serviceUrl}${SUBMIT_PATH}`, SUBMIT_BODY);
      await handle.getResult();
    });
  });
}

main().catch((err: unknown) => {
  console.error(err);
  process.exit(1);
});
