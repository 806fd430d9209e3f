/** Shared by the emulator's tests: a chain of Creator calls with plain fetch. */
import type { Emulator } from '../../src/emulator';

export const version = 'api-version=2.0';

export interface Status {
  operationId: string;
  created: string;
  status: string;
  error?: { code?: string; message?: string; details?: { code: string; message?: string; details: { code: string; message: string }[] }[] };
  warning?: object;
  properties?: Record<string, string>;
}

export async function submit(emulator: Emulator, pathAndQuery: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${emulator.url}${pathAndQuery}${pathAndQuery.includes('?') ? '&' : '?'}${version}`, { method: 'POST', ...init });
}

export async function statusOf(response: Response): Promise<Status> {
  return (await response.json()) as Status;
}

export function statusUrlOf(response: Response): string {
  return response.headers.get('operation-location') ?? '';
}

/** Submits, asks the status once (operations of tests take no time) and returns the made resource's id, or throws the error. */
export async function make(emulator: Emulator, pathAndQuery: string, init: RequestInit = {}): Promise<string> {
  const accepted = await submit(emulator, pathAndQuery, init);
  if (accepted.status !== 202) throw new Error(`${pathAndQuery}: ${accepted.status} ${await accepted.text()}`);
  const polled = await fetch(statusUrlOf(accepted));
  const body = await statusOf(polled);
  if (body.status !== 'Succeeded') throw new Error(`${pathAndQuery}: ${JSON.stringify(body)}`);
  return (polled.headers.get('resource-location') ?? '').replaceAll('"', '').split('/').at(-1) ?? '';
}

export async function upload(emulator: Emulator, content: Buffer): Promise<string> {
  return make(emulator, '/mapData?dataFormat=dwgzippackage', { body: new Uint8Array(content) });
}

export async function getJson(url: string): Promise<Record<string, unknown>> {
  return (await (await fetch(url)).json()) as Record<string, unknown>;
}
