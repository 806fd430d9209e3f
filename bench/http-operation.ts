/**
 * Submit and poll as the textbook workers (plain Temporal, Restate, DBOS) do it: axios over keep-alive connections, as many at once as the
 * worker of this project is allowed.
 */
import { Agent } from 'node:http';
import axios from 'axios';
import { CONCURRENT_REQUESTS } from './limits';

const client = axios.create({ httpAgent: new Agent({ keepAlive: true, maxSockets: CONCURRENT_REQUESTS }), timeout: 30_000, proxy: false });

/** The 202. */
export interface Accepted {
  statusUrl: string;
  waitSeconds: number;
}

/** A status answer. */
export interface StatusAnswer {
  status: string;
  waitSeconds: number;
  resourceLocation?: string;
}

function header(headers: unknown, name: string): string | undefined {
  const value = (headers as Record<string, unknown>)[name];
  return typeof value === 'string' ? value : undefined;
}

export async function submit(url: string, body: unknown): Promise<Accepted> {
  const { headers } = await client.post<unknown>(url, body);
  const statusUrl = header(headers, 'operation-location');
  if (statusUrl === undefined) throw new Error('no Operation-Location');
  return { statusUrl, waitSeconds: Number(header(headers, 'retry-after') ?? 5) };
}

export async function poll(statusUrl: string): Promise<StatusAnswer> {
  const { data, headers } = await client.get<{ status: string }>(statusUrl);
  const resourceLocation = header(headers, 'resource-location');
  return {
    status: data.status,
    waitSeconds: Number(header(headers, 'retry-after') ?? 5),
    resourceLocation,
  };
}

/** The resource's URL when it has succeeded, nothing while it runs. Throws when it has failed. */
export function resourceOf(answer: StatusAnswer): string | undefined {
  if (answer.status === 'Succeeded') return answer.resourceLocation ?? '';
  if (answer.status !== 'Running' && answer.status !== 'NotStarted') throw new Error(`the operation ended as ${answer.status}`);
  return undefined;
}
