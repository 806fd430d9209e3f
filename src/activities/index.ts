/** The activities of a worker, over the connections of its file. */
import type { Connections } from '../http';
import { makeFindItem } from './batch/find-item';
import type { BatchActivities } from './batch/messages';
import { Pages } from './batch/pages';
import { makePrepareBatch } from './batch/prepare';
import { makeReport } from './batch/report';
import { makeSubmitItems } from './batch/submit-items';
import { makeCancel, makeCancelMany } from './cancel';
import { makeDeleteResources } from './delete-resources';
import { makeLearn } from './learn';
import type { ChainActivities, LroActivities } from './messages';
import { makePrepare } from './prepare';
import { makePrepareChain, makePrepareStep } from './prepare-chain';
import { makeResource } from './resource';
import { makeStatus } from './status';
import { makeSubmit } from './submit';

export interface ActivityOptions {
  connections: Connections;
  namespace: string;
  /** Continue as new after so many events of history, though Temporal does not suggest it yet. */
  continueAsNewAfterEvents?: number;
}

export function createActivities({
  connections,
  namespace,
  continueAsNewAfterEvents,
}: ActivityOptions): LroActivities & ChainActivities & BatchActivities {
  const learn = makeLearn(namespace, continueAsNewAfterEvents);
  const pages = new Pages(connections.files);
  return {
    prepare: makePrepare({ connections, learn }),
    submit: makeSubmit(connections),
    status: makeStatus(connections),
    resource: makeResource(connections),
    cancel: makeCancel(connections),
    prepareChain: makePrepareChain({ connections, learn }),
    prepareStep: makePrepareStep(connections),
    deleteResources: makeDeleteResources(connections),
    prepareBatch: makePrepareBatch(connections, learn),
    submitItems: makeSubmitItems(connections, pages),
    ...makeReport(connections, pages),
    cancelMany: makeCancelMany(connections),
    findItem: makeFindItem(connections),
  };
}
