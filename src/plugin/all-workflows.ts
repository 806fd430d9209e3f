/**
 * The workflows of a worker that has a host's own beside this project's: what the plugin has bundled as `workflowsPath`.
 *
 * Keeps true: no name hides another. A host may export this project's workflows itself; other ones of their names stop all workflows, with the reason.
 */
import * as host from './host-workflows';
import * as own from '../workflows';

const theirs: Readonly<Record<string, unknown>> = host;
for (const [name, workflow] of Object.entries(own)) {
  if (theirs[name] !== undefined && theirs[name] !== workflow) {
    throw new Error(`workflow type "${name}" is durable-lro's: export the workflow of the host under another name`);
  }
}

export * from './host-workflows';
export * from '../workflows';
/** What takes all types that nobody has registered, where the host has such a workflow. */
const others = theirs['default'];
export { others as default };
