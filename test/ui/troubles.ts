/** One operation for each kind of trouble that there is, each at a connection of its own. */
import { randomUUID } from 'node:crypto';
import { startDevServer, type DevServer } from '../../src/devserver';
import { refusedPort, service } from '../http/service';
import { testConfig, type ConnectionYaml } from '../support/config';
import { eventually } from '../support/eventually';
import { startTestHarness, type TestHarness } from '../support/in-process';

interface Answer {
  httpStatus: number;
  headers?: Record<string, string>;
  body: string;
}

export interface Trouble {
  /** The filter that an operator types, or follows from an alert. */
  query: string;
  /** What the service, or the worker, says. */
  cause: RegExp;
  /** The request that is answered so, and the answer; absent: nobody answers. */
  at: 'submit' | 'poll';
  answer?: Answer;
}

function refused(httpStatus: number, code: string, message: string, headers: Record<string, string> = {}): Answer {
  return { httpStatus, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify({ error: { code, message } }) };
}

/** Runs that have continued as new keep what they had. */
const RUNNING = 'ExecutionStatus = "Running" AND LroTrouble = ';
const SUBMITTING = `LroStatus = "Submitting" AND ${RUNNING}`;
const ACCEPTED = `LroStatus = "Accepted" AND ${RUNNING}`;

/** By the connection, and the id, of the operation. */
export const TROUBLES: Record<string, Trouble> = {
  'submit-throttled': {
    query: `${SUBMITTING}"Throttled"`,
    cause: /503 ServerBusy: storage account is throttled|\(503\): ServerBusy: storage account is throttled/,
    at: 'submit',
    answer: refused(503, 'ServerBusy', 'storage account is throttled', { 'retry-after': '15' }),
  },
  'submit-unreachable': { query: `${SUBMITTING}"Unreachable"`, cause: /connection refused/, at: 'submit' },
  'submit-uncertain': {
    query: `${SUBMITTING}"Uncertain"`,
    cause: /nobody knows whether it was accepted: InternalError: it broke/,
    at: 'submit',
    answer: refused(500, 'InternalError', 'it broke', { 'retry-after': '15' }),
  },
  'poll-throttled': {
    query: `${ACCEPTED}"Throttled"`,
    cause: /429.*TooManyRequests: rate limit of the subscription/,
    at: 'poll',
    answer: refused(429, 'TooManyRequests', 'rate limit of the subscription', { 'retry-after': '15' }),
  },
  'poll-unreachable': {
    query: `${ACCEPTED}"Unreachable"`,
    cause: /502: BadGateway: the backend is away/,
    at: 'poll',
    answer: refused(502, 'BadGateway', 'the backend is away'),
  },
  'poll-unauthorized': {
    query: `${ACCEPTED}"Unauthorized"`,
    cause: /refused the credentials of connection .poll-unauthorized. \(401\): AuthenticationFailed: the key has expired/,
    at: 'poll',
    answer: refused(401, 'AuthenticationFailed', 'the key has expired'),
  },
  'poll-unreadable': {
    query: `${ACCEPTED}"Unreadable"`,
    cause: /is an HTML page, not JSON/,
    at: 'poll',
    answer: { httpStatus: 200, headers: { 'content-type': 'text/html' }, body: '<html><body>Sign in</body></html>' },
  },
  'unknown-status': {
    query: `${RUNNING}"UnknownStatus"`,
    cause: /the status .Baking. is not known and counts as running/,
    at: 'poll',
    answer: { httpStatus: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ status: 'Baking' }) },
  },
  'unknown-connection': {
    query: `${RUNNING}"UnknownConnection"`,
    cause: /connection .unknown-connection. is not in this worker.s file/,
    at: 'poll',
    answer: { httpStatus: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ status: 'Running' }) },
  },
};

/** The connection that the second worker does not have. */
const GONE = 'unknown-connection';

export interface TroubledServer {
  server: DevServer;
  harness: TestHarness;
  close(): Promise<void>;
}

/** A dev server of its own, with its UI and one operation in each trouble. */
export async function startTroubles(): Promise<TroubledServer> {
  const searchAttributes = { LroStatus: 'Keyword', LroConnection: 'Keyword', LroOperationId: 'Keyword', LroTrouble: 'Keyword' } as const;
  const server = await startDevServer({ ui: true, searchAttributes });
  const connections = await troubledConnections();
  const taskQueue = `lro-${randomUUID()}`;
  const options = { address: server.address, taskQueue };
  const before = await startTestHarness(testConfig(connections), options);
  const start = (harness: TestHarness, id: string): Promise<unknown> =>
    harness.lro.start({ connection: id, submit: { path: '/things' }, labels: { team: 'maps' } }, { id });
  await start(before, GONE);
  await eventually(
    () => before.lro.get(GONE).progress(),
    ({ status }) => status === 'Running',
  );
  await before.close();
  const rest = Object.fromEntries(Object.entries(connections).filter(([name]) => name !== GONE));
  const harness = await startTestHarness(testConfig(rest), options);
  for (const id of Object.keys(rest).filter((one) => one in TROUBLES)) await start(harness, id);
  return {
    server,
    harness,
    close: async () => {
      await harness.close();
      await server.stop();
    },
  };
}

async function troubledConnections(): Promise<Record<string, ConnectionYaml>> {
  const away = await refusedPort();
  const { url } = await service((request, response) => {
    const name = request.url.split('/')[1] ?? '';
    const { at, answer } = TROUBLES[name] ?? {};
    const isSubmit = request.method === 'POST';
    if (answer !== undefined && (at === 'submit') === isSubmit) response.writeHead(answer.httpStatus, answer.headers).end(answer.body);
    else if (name === 'rejecting') response.writeHead(400).end('the drawing has no layers');
    else response.writeHead(202, { 'operation-location': `/${name}/operations/op-1`, 'retry-after': '0' }).end();
  });
  const names = [...Object.keys(TROUBLES), 'rejecting'];
  return Object.fromEntries(
    names.map((name) => {
      const isAway = name === 'submit-unreachable';
      return [
        name,
        { baseUrl: `${isAway ? `http://127.0.0.1:${away}` : url}/${name}`, poll: { unreadableSeconds: 3600, maxUnreadable: 1000 } },
      ];
    }),
  );
}
