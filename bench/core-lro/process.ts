/** `@azure/core-lro` as its own process. */
import { serveLoads } from '../control';
import { SUBMIT_BODY, SUBMIT_PATH } from '../fake-service/client';
import { each } from '../load';
import { runWithCoreLro } from './azure-core-lro';

const serviceUrl = process.argv[2] ?? '';

serveLoads(async (load) => {
  await each(load, () => runWithCoreLro(`${serviceUrl}${SUBMIT_PATH}`, SUBMIT_BODY));
});
