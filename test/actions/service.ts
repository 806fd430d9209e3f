/** A service whose operations succeed at their `polls`-th poll, and ask for a second between polls. In this process. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface CountingService {
  url: string;
  /** Polls that were answered since the last call. */
  takePolls(): number;
  close(): Promise<void>;
}

const RETRY_AFTER_SECONDS = 1;

/** @param polls of each operation, the last one included: the number in the path of its submit */
export async function startCountingService(): Promise<CountingService> {
  const left = new Map<string, number>();
  let answered = 0;
  let origin = '';
  const server = createServer((request, response) => {
    request.resume();
    const path = request.url ?? '';
    const headers = { 'Content-Type': 'application/json', 'Retry-After': RETRY_AFTER_SECONDS };
    if (request.method === 'POST') {
      const id = String(left.size);
      left.set(id, Number(/^\/jobs\/(\d+)/.exec(path)?.[1]));
      response.writeHead(202, { ...headers, 'Operation-Location': `${origin}/operations/${id}` }).end('{"status":"NotStarted"}');
      return;
    }
    const id = /^\/operations\/(\d+)/.exec(path)?.[1] ?? '';
    const after = (left.get(id) ?? NaN) - 1;
    left.set(id, after);
    answered += 1;
    response.writeHead(200, headers).end(JSON.stringify({ status: after > 0 ? 'Running' : 'Succeeded' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: origin,
    takePolls: () => {
      const taken = answered;
      answered = 0;
      return taken;
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
