/** `@azure/core-lro` as its own process. Arguments after the URLs of the service: which HTTP client it has. */
import { serveLoads, submitUrl } from '../control';
import { SUBMIT_BODY } from '../fake-service/client';
import { each } from '../load';
import { NODE_HTTP, PIPELINE, runWithCoreLro } from './azure-core-lro';

const send = process.argv[4] === 'http' ? NODE_HTTP : PIPELINE;

serveLoads(async (load) => {
  await each(load, () => runWithCoreLro(submitUrl(load), SUBMIT_BODY, send));
});
