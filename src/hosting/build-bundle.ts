/** Program of `npm run build`: writes the workflow bundles. */
import { writeWorkflowBundle } from './bundle';

Promise.all([writeWorkflowBundle(), writeWorkflowBundle({ encodesFailures: true })]).then(
  () => process.exit(0),
  (err: unknown) => {
    console.error(err);
    process.exit(1);
  },
);
