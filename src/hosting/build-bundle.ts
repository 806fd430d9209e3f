/** Program of `npm run build`: writes the workflow bundles. */
import { writeWorkflowBundle } from './bundle';

const kinds = [false, true].flatMap((traced) => [false, true].map((encodesFailures) => ({ traced, encodesFailures })));

Promise.all(kinds.map(writeWorkflowBundle)).then(
  () => process.exit(0),
  (err: unknown) => {
    console.error(err);
    process.exit(1);
  },
);
