/** A service that plays a script, and a worker that follows it, for tests from the HTTP answer to the workflow's end. */
import { randomUUID } from 'node:crypto';
import { OperationError } from '../../src/client';
import type { OperationInput, OperationResult, SubmitRequest } from '../../src/contract';
import { startEmulator, type Emulator, type RecordedRequest, type Script } from '../../src/emulator';
import { testConfig } from '../support/config';
import { startTestHarness, type TestHarness } from '../support/in-process';

type Answers = Script['routes'][number]['answers'];

/** What the service answers, in order; the last answer repeats. Keys are `METHOD /path`. */
export type Play = Record<string, Answers>;

export interface Ended {
  /** Where the script is: `{base}` of its answers. */
  base: string;
  workflowId: string;
  result?: OperationResult;
  error?: OperationError;
  /** Requests the service saw, in order. */
  requests: RecordedRequest[];
}

export interface ScriptedService {
  emulator: Emulator;
  harness: TestHarness;
  /** Submits to the script's path (default `POST /things`), follows the operation to its end, and says how it ended. */
  run(play: Play, input?: RunInput): Promise<Ended>;
  close(): Promise<void>;
}

export type RunInput = Omit<OperationInput, 'submit' | 'attach'> & { submit?: Partial<SubmitRequest>; attach?: OperationInput['attach'] };

/** @param connection over the connection of the tests, which waits for nothing it was not asked to wait for */
export async function startScriptedService(connection: Record<string, unknown> = {}): Promise<ScriptedService> {
  const emulator = await startEmulator({ operationSeconds: 0, retryAfterSeconds: 0 });
  const poll = { defaultSeconds: 0, minSeconds: 0, maxUnreadable: 3, unreadableSeconds: 0, goneAfterSeconds: 1, unauthorizedSeconds: 3 };
  const maps = { baseUrl: emulator.url, poll, limits: { timeoutSeconds: 5 }, ...connection };
  const others = {
    ...maps,
    otherHosts: 'withoutCredentials',
    privateHosts: 'allow',
    headers: { 'x-connection': 'own' },
  };
  const harness = await startTestHarness(testConfig({ maps, others })).catch(async (error: unknown) => {
    await emulator.close();
    throw error;
  });
  return {
    emulator,
    harness,
    run: (play, input = {}) => run(emulator, harness, play, input),
    close: async () => {
      await harness.close();
      await emulator.close();
    },
  };
}

async function run({ admin }: Emulator, { lro }: TestHarness, play: Play, { submit, attach, ...input }: RunInput): Promise<Ended> {
  const name = randomUUID();
  const routes = Object.entries(play).map(([route, answers]) => {
    const [method = 'GET', path = '/'] = route.split(' ');
    return { method, path, answers };
  });
  const { url: base } = await admin.addScript({ name, routes });
  const start =
    attach === undefined ? { submit: submitBelow(name, submit) } : { attach: { ...attach, statusUrl: `${base}${attach.statusUrl}` } };
  const end = await lro.execute({ connection: 'maps', deadlineSeconds: 60, ...input, ...start }, { id: `protocol-${name}` }).then(
    (result) => ({ result }),
    (error: unknown) => {
      if (error instanceof OperationError) return { error };
      throw error;
    },
  );
  const requests = (await admin.requests({ path: name })).map((request) => ({
    ...request,
    path: request.path.replace(`/scripts/${name}`, ''),
  }));
  return { base, workflowId: `protocol-${name}`, requests, ...end };
}

function submitBelow(name: string, { path = '/things', ...rest }: Partial<SubmitRequest> = {}): SubmitRequest {
  return { ...rest, path: `/scripts/${name}${path}` };
}

/** `202` that names a status URL. */
export const accepted = (headers: Record<string, string> = { 'Operation-Location': '{base}/operations/1' }): Answers => [
  { httpStatus: 202, headers },
];

/** `METHOD /path` of every request. */
export const calls = ({ requests }: Ended): string[] => requests.map(({ method, path }) => `${method} ${path}`);
