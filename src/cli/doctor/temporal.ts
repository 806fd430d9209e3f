/** Temporal as this environment names it: server, namespace, search attributes, and the workers of the task queue. */
import { Connection } from '@temporalio/client';
import { fileHashIn, identityInWords } from '../../config';
import { findSearchAttributes, isUsable } from '../../setup';
import { reasonOf } from '../../text/reason';
import { whyNotReached } from '../../transport/probe';
import { temporalSettings, type TemporalSettings } from '../../transport/temporal-settings';
import { away, fail, ok, warn, type Check } from './check';

/** For Temporal to be told from one that is away within 2 s. */
const CONNECT_TIMEOUT_MS = 2000;
const CALL_TIMEOUT_MS = 3000;
/** gRPC: NOT_FOUND. */
const NOT_FOUND = 5;
/** A worker that has ended stays in Temporal's list for about five minutes; one that lives asks at least once a minute. */
const ALIVE_SECONDS = 90;

export interface TemporalOptions {
  taskQueue: string;
  /** Over those of the environment. */
  address?: string;
  namespace?: string;
  /** Of the local file; undefined where it is wrong. */
  fileHash: string | undefined;
}

export async function checkTemporal(options: TemporalOptions): Promise<Check[]> {
  const name = 'Temporal';
  let settings: TemporalSettings;
  try {
    settings = temporalSettings(options);
  } catch (err) {
    return [fail(name, `its settings are wrong: ${reasonOf(err)}`, 'correct TEMPORAL_PROFILE, TEMPORAL_CONFIG_FILE or temporal.toml')];
  }
  const { connectionOptions, namespace, address } = settings;
  let connection: Connection;
  try {
    connection = await Connection.connect({ ...connectionOptions, address, connectTimeout: CONNECT_TIMEOUT_MS });
  } catch (err) {
    const remedy = 'start one ("lro dev"), or set TEMPORAL_ADDRESS (and TEMPORAL_API_KEY or TLS for Temporal Cloud)';
    const reason = (await whyNotReached(address, connectionOptions.tls)) ?? reasonOf(err).split('\n')[0] ?? '';
    return [away(name, `cannot be reached at ${address}: ${reason}`, remedy)];
  }
  try {
    const { serverVersion } = await inTime(connection, () => connection.workflowService.getSystemInfo({}));
    const reached = ok(name, `${address}${serverVersion ? `, version ${serverVersion}` : ''}`);
    const namespaceCheck = await checkNamespace(connection, namespace);
    if (namespaceCheck.state === 'fail') return [reached, namespaceCheck];
    const rest = await Promise.all([checkAttributes(connection, namespace), checkWorkers(connection, namespace, options)]);
    return [reached, namespaceCheck, ...rest.flat()];
  } catch (err) {
    return [fail(name, `${address}: ${reasonOf(err)}`, 'look at the log of the server')];
  } finally {
    await connection.close();
  }
}

function inTime<T>(connection: Connection, call: () => Promise<T>): Promise<T> {
  return connection.withDeadline(Date.now() + CALL_TIMEOUT_MS, call);
}

async function checkNamespace(connection: Connection, namespace: string): Promise<Check> {
  const name = `namespace "${namespace}"`;
  try {
    const { config } = await inTime(connection, () => connection.workflowService.describeNamespace({ namespace }));
    const days = Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) / 86_400;
    return ok(name, days > 0 ? `results can be read for ${daysText(days)} after the end` : 'is there');
  } catch (err) {
    if (err instanceof Error && 'code' in err && err.code === NOT_FOUND)
      return fail(name, 'does not exist', 'name another (--namespace, TEMPORAL_NAMESPACE), or make it: lro setup --create-namespace');
    return fail(name, reasonOf(err), 'set TEMPORAL_NAMESPACE, and credentials that may use it');
  }
}

function daysText(days: number): string {
  const rounded = Number(days.toFixed(1));
  return rounded === 1 ? 'a day' : `${rounded} days`;
}

async function checkAttributes(connection: Connection, namespace: string): Promise<Check> {
  const name = 'search attributes';
  try {
    const missing = (await findSearchAttributes(connection, namespace)).filter((one) => !isUsable(one));
    if (missing.length === 0) return ok(name, 'all are registered');
    const named = missing.map((one) => (one.type === undefined ? one.name : `${one.name} (registered as ${one.type})`)).join(', ');
    return warn(name, `not usable: ${named}; operations run, but lists cannot be filtered by them`, 'lro setup');
  } catch (err) {
    return warn(name, `the server does not say: ${reasonOf(err)}`, 'lro setup prints what Temporal Cloud wants');
  }
}

/** `TASK_QUEUE_TYPE_ACTIVITY` */
const ACTIVITIES = 2 as unknown as Exclude<Parameters<Connection['workflowService']['describeTaskQueue']>[0], Uint8Array>['taskQueueType'];

async function checkWorkers(connection: Connection, namespace: string, { taskQueue, fileHash }: TemporalOptions): Promise<Check[]> {
  const name = `workers of "${taskQueue}"`;
  const { pollers } = await inTime(connection, () =>
    connection.workflowService.describeTaskQueue({ namespace, taskQueue: { name: taskQueue }, taskQueueType: ACTIVITIES }),
  );
  const alive = pollers.filter(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000 > Date.now() - ALIVE_SECONDS * 1000);
  if (alive.length === 0) {
    const before = pollers.length === 0 ? 'none' : `none in the last ${ALIVE_SECONDS} s`;
    return [fail(name, before, 'start one ("node dist/worker.js", or "lro dev"), or name its queue by --task-queue or LRO_TASK_QUEUE')];
  }
  const identities = alive.map(({ identity }) => identity ?? '');
  const others = identities.filter((identity) => fileHashIn(identity) !== undefined && fileHashIn(identity) !== fileHash);
  const found = [ok(name, identities.slice(0, 10).map(identityInWords).join(', ')), ...clockChecks(alive)];
  if (others.length === 0 || fileHash === undefined) return found;
  const remedy = 'have them read the file again: kill -HUP <pid>, or a restart';
  return [...found, warn("workers' file", `${others.length} of ${alive.length} have another file than the one here (${fileHash})`, remedy)];
}

/**
 * Temporal tells its time nowhere but in when a worker asked last, which lies in the past. Said only where it does not by this machine's clock:
 * how far behind Temporal it is at least.
 */
function clockChecks(pollers: { lastAccessTime?: { seconds?: unknown } | null }[]): Check[] {
  const newestMs = Math.max(...pollers.map(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000));
  const behindSeconds = (newestMs - Date.now()) / 1000;
  if (behindSeconds <= 5) return [];
  return [
    warn('clock against Temporal', `this machine is at least ${behindSeconds.toFixed(0)} s behind`, 'set the clock of this machine by NTP'),
  ];
}
