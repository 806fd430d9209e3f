/** The activities of a worker, over the connections of its file. */
import type { Connections } from '../http';
import { makeAsk } from './ask';
import { makeFindItem } from './batch/find-item';
import type { BatchActivities } from './batch/messages';
import { makePrepareBatch } from './batch/prepare';
import { makeReport } from './batch/report';
import { makeCancel } from './cancel';
import { makeDeleteResources } from './delete-resources';
import { makeLearn } from './learn';
import type { LroActivities } from './messages';
import { Pages } from './pages';
import { makePrepare } from './prepare';
import { makePrepareChain } from './prepare-chain';
import { makeReadResults } from './read-results';
import { makeSubmit } from './submit';

export interface ActivityOptions {
  connections: Connections;
  namespace: string;
  /** Continue as new after so many events of history, though Temporal does not suggest it yet. */
  continueAsNewAfterEvents?: number;
}

export function createActivities({ connections, namespace, continueAsNewAfterEvents }: ActivityOptions): LroActivities & BatchActivities {
  const learn = makeLearn(namespace, continueAsNewAfterEvents);
  const pages = new Pages(connections.files);
  return {
    'lro.prepare': makePrepare({ connections, learn }),
    'lro.prepareChain': makePrepareChain({ connections, learn }),
    'lro.submit': makeSubmit(connections, pages),
    'lro.ask': makeAsk(connections),
    'lro.readResults': makeReadResults(connections),
    'lro.cancel': makeCancel(connections),
    'lro.deleteResources': makeDeleteResources(connections),
    'lro.prepareBatch': makePrepareBatch(connections, learn),
    ...makeReport(connections, pages),
    'lro.findItem': makeFindItem(connections),
  };
}
