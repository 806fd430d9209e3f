/** The activities of a worker, over the connections of its file. */
import type { Connections } from '../http';
import { makeAsk } from './ask';
import { makeFindItem } from './batch/find-item';
import type { BatchActivities } from './batch/messages';
import { makePrepareBatch } from './batch/prepare';
import { makeReport } from './batch/report';
import { makeCancel } from './cancel';
import { makeDeleteResources } from './delete-resources';
import { makeFind } from './find';
import { makeLearn } from './learn';
import type { LroActivities } from './messages';
import { Pages } from './pages';
import { makePrepare } from './prepare';
import { OtherWorkers } from './other-workers';
import { makePrepareChain } from './prepare-chain';
import { WaitingQuestions } from './question-times';
import { makeReadResults } from './read-results';
import { makeSubmit } from './submit';
import { onTemporalTime } from './temporal-clock';
import { makeBegin } from './tracker/begin';
import type { TrackerActivities } from './tracker/messages';
import { makeRegister, passOn, Registrar } from './tracker/register';
import { adopt, closedAmong, makeBeginTracker, tell } from './tracker/tell';

export interface ActivityOptions {
  connections: Connections;
  namespace: string;
  /** The worker's, with the hash of its file: see `workerIdentity`. */
  identity: string;
  /** Continue as new after so many events of history, though Temporal does not suggest it yet. */
  continueAsNewAfterEvents?: number;
  /** The worker's log leaves lines of level debug out: workflows need not write them. */
  isQuiet?: boolean;
  /** How many activities the worker runs at once. Default: the SDK's 100. */
  slots?: number | undefined;
}

export type AllActivities = LroActivities & BatchActivities & TrackerActivities;

export function createActivities(options: ActivityOptions): AllActivities {
  const { connections, namespace, identity, continueAsNewAfterEvents, isQuiet, slots } = options;
  const learn = makeLearn(namespace, continueAsNewAfterEvents, isQuiet);
  const pages = new Pages(connections.files);
  const others = new OtherWorkers(namespace, identity, connections.fileHash);
  const report = makeReport(connections, pages, others);
  const prepare = makePrepare({ connections, learn: learn.settings });
  const submit = makeSubmit(connections, pages, others);
  const registrar = new Registrar(connections);
  return onTemporalTime<AllActivities>({
    'lro.prepare': others.orElsewhere(prepare),
    'lro.prepareChain': others.orElsewhere(makePrepareChain({ connections, learn: learn.settings })),
    'lro.searchAttributes': learn.searchAttributes,
    'lro.submit': submit,
    'lro.find': makeFind(connections, pages, others),
    'lro.ask': makeAsk(connections, others, new WaitingQuestions(slots)),
    'lro.readResults': makeReadResults(connections, others),
    'lro.cancel': makeCancel(connections, others),
    'lro.deleteResources': makeDeleteResources(connections, others),
    'lro.prepareBatch': others.orElsewhere(makePrepareBatch(connections, learn.settings, others)),
    'lro.writeReportPage': others.orElsewhere(report['lro.writeReportPage']),
    'lro.writeReportRest': others.orElsewhere(report['lro.writeReportRest']),
    'lro.finishReport': others.orElsewhere(report['lro.finishReport']),
    'lro.findItem': others.orElsewhere(makeFindItem(connections)),
    'lro.begin': others.orElsewhere(makeBegin(prepare, submit, registrar)),
    'lro.register': makeRegister(registrar),
    'lro.passOn': passOn,
    'lro.tell': tell,
    'lro.beginTracker': makeBeginTracker(learn.settings),
    'lro.adopt': adopt,
    'lro.closedAmong': closedAmong,
  });
}
