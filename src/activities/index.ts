/** The activities of a worker, over the connections of its file. */
import type { Connections } from '../http';
import { makeCancel } from './cancel';
import { makeLearn } from './learn';
import type { LroActivities } from './messages';
import { makePrepare } from './prepare';
import { makeResource } from './resource';
import { makeStatus } from './status';
import { makeSubmit } from './submit';

export interface ActivityOptions {
  connections: Connections;
  namespace: string;
  /** Continue as new after so many events of history, though Temporal does not suggest it yet. */
  continueAsNewAfterEvents?: number;
}

export function createActivities({ connections, namespace, continueAsNewAfterEvents }: ActivityOptions): LroActivities {
  return {
    prepare: makePrepare({ connections, learn: makeLearn(namespace, continueAsNewAfterEvents) }),
    submit: makeSubmit(connections),
    status: makeStatus(connections),
    resource: makeResource(connections),
    cancel: makeCancel(connections),
  };
}
