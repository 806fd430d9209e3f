/** The admin API for tests and demos in any process. Every call throws when the emulator refuses it, with the emulator's message. */
import type { ActiveFault, Fault, Script } from './fault-schema';
import type { OperationPlan, OperationView } from './operation';
import type { RecordedRequest, RequestFilter } from './request-log';

/** Which requests to wait for. */
export interface RequestWait extends RequestFilter {
  /** Default 1. */
  count?: number;
  /** After this many seconds the wait fails; default 30. */
  timeoutSeconds?: number;
}

/** All operations, and how many submits came with each idempotency key, accepted or not. */
export interface OperationsReport {
  operations: OperationView[];
  submits: { key: string; count: number }[];
}

export class EmulatorAdmin {
  /**
   * @param url where the emulator is: `http://127.0.0.1:4010`
   * @param token that it was started with, if it was
   */
  constructor(
    private readonly url: string,
    private readonly token?: string,
  ) {}

  health(): Promise<{ status: string }> {
    return this.get('/health');
  }

  /** Every request that came, in order, also those that got no answer. */
  requests(filter: RequestFilter = {}): Promise<RecordedRequest[]> {
    return this.get('/requests', filter);
  }

  /** Waits until `count` matching requests have arrived, or, with `answered: true`, have been answered. */
  waitForRequests(wanted: RequestWait): Promise<RecordedRequest[]> {
    return this.get('/requests/wait', wanted);
  }

  addFault(fault: Fault): Promise<ActiveFault> {
    return this.post('/faults', fault);
  }

  faults(): Promise<ActiveFault[]> {
    return this.get('/faults');
  }

  /** Removes one fault, or all of them. */
  async removeFaults(id?: string): Promise<void> {
    await this.call('DELETE', id === undefined ? '/faults' : `/faults/${encodeURIComponent(id)}`);
  }

  /** Lets all held requests go on, when there are at least `count` of them (default 0: at once). Fails after `timeoutSeconds`, default 30. */
  release(wanted: { count?: number; timeoutSeconds?: number } = {}): Promise<{ released: number }> {
    return this.post('/release', wanted);
  }

  operations(): Promise<OperationsReport> {
    return this.get('/operations');
  }

  operation(operationId: string): Promise<OperationView> {
    return this.get(`/operations/${encodeURIComponent(operationId)}`);
  }

  changeOperation(operationId: string, change: OperationPlan): Promise<OperationView> {
    return this.post(`/operations/${encodeURIComponent(operationId)}`, change);
  }

  /** How operations go that are submitted from now on. Replaces the defaults set before. */
  setDefaults(plan: OperationPlan): Promise<OperationPlan> {
    return this.post('/defaults', plan);
  }

  /** @returns where the scripted service is. */
  addScript(script: Script): Promise<{ name: string; url: string }> {
    return this.post('/scripts', script);
  }

  counts(): Promise<{ requests: number; operations: number; held: number }> {
    return this.get('/counts');
  }

  /** Forgets everything: operations, resources, requests, faults, scripts. */
  async reset(): Promise<void> {
    await this.call('POST', '/reset');
  }

  private async get<T>(path: string, query: object = {}): Promise<T> {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, String(value));
    const text = parameters.toString();
    return JSON.parse(await this.call('GET', text === '' ? path : `${path}?${text}`)) as T;
  }

  private async post<T>(path: string, body: object): Promise<T> {
    return JSON.parse(await this.call('POST', path, body)) as T;
  }

  private async call(method: string, path: string, body?: object): Promise<string> {
    const answer = await fetch(`${this.url}/_admin${path}`, {
      method,
      headers: {
        ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`The emulator refused ${method} ${path} (${answer.status}): ${text}`);
    return text;
  }
}
