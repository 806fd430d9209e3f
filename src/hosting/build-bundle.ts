/** Program of `npm run build`: writes the workflow bundle. */
import { writeWorkflowBundle } from './bundle';

writeWorkflowBundle().then(
  () => process.exit(0),
  (err: unknown) => {
    console.error(err);
    process.exit(1);
  },
);
