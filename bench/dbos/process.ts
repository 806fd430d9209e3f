/**
 * DBOS as its own process: the library keeps its state in PostgreSQL and runs where it is called. Arguments after the URLs of the service:
 * the database's URL, and the shape: a durable workflow for each operation, or one for each set of them.
 */
import { DBOS } from '@dbos-inc/dbos-sdk';
import { serveLoads, submitUrl } from '../control';
import { SUBMIT_BODY } from '../fake-service/client';
import { poll, resourceOf, submit } from '../http-operation';
import { each, type Load } from '../load';
import { applied, pollSet, setSizes, submitSet, waitMs } from '../set-loop';

const [databaseUrl = '', shape = 'operation'] = process.argv.slice(4);

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

const runSet = DBOS.registerWorkflow(
  async (url: string, body: unknown, operations: number): Promise<string[]> => {
    const resources: string[] = [];
    const first = await DBOS.runStep(
      async () => {
        const set = await submitSet(url, body, operations);
        return { set, waitMs: waitMs(set, Date.now()) };
      },
      { name: 'submit' },
    );
    for (let { set, waitMs: wait } = first; Object.keys(set.dueAtMs).length > 0;) {
      if (wait > 0) await DBOS.sleepms(wait);
      const answers = await DBOS.runStep(() => pollSet(set), { name: 'poll' });
      resources.push(...Object.values(answers.resources));
      set = applied(set, answers);
      wait = answers.waitMs;
    }
    return resources;
  },
  { name: 'runSet' },
);

async function runOperations(load: Load): Promise<void> {
  await each(load, async (workflowID) => {
    const handle = await DBOS.startWorkflow(runOperation, { workflowID })(submitUrl(load), SUBMIT_BODY);
    await handle.getResult();
  });
}

async function runSets(load: Load): Promise<void> {
  const sizes = setSizes(load.operations);
  await each({ ...load, operations: sizes.length }, async (workflowID, index) => {
    const size = sizes[index] ?? 0;
    const handle = await DBOS.startWorkflow(runSet, { workflowID })(submitUrl(load), SUBMIT_BODY, size);
    const resources = await handle.getResult();
    if (resources.length !== size) throw new Error(`${resources.length} of ${size} operations of a set have ended`);
  });
}

async function main(): Promise<void> {
  DBOS.setConfig({
    name: 'durable-lro-bench',
    systemDatabaseUrl: databaseUrl,
    systemDatabasePoolSize: POOL_CONNECTIONS,
    logLevel: 'error',
  });
  await DBOS.launch();
  serveLoads(shape === 'set' ? runSets : runOperations);
}

main().catch((err: unknown) => {
  console.error(err);
  process.exit(1);
});
