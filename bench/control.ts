/** How the benchmark runs a load in a tool's own process: one HTTP call for each load, answered when all its operations have ended. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import axios from 'axios';
import { SUBMIT_PATH } from './fake-service/client';
import type { Load } from './load';

/** Listens, prints `ready at …`, and runs the loads that it is sent. */
export function serveLoads(run: (load: Load) => Promise<void>): void {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => {
      const load = JSON.parse(Buffer.concat(chunks).toString()) as Load;
      run(load).then(
        () => response.end('done'),
        (err: unknown) => {
          response.statusCode = 500;
          response.end(err instanceof Error ? (err.stack ?? err.message) : String(err));
        },
      );
    });
  });
  server.requestTimeout = 0;
  server.listen(0, '127.0.0.1', () => console.log(`ready at http://127.0.0.1:${(server.address() as AddressInfo).port}`));
}

/** Where the operations of a load are submitted, in a process that was given the URLs of the service as its first arguments. */
export function submitUrl({ transport }: Load): string {
  const [plain = '', tls = ''] = process.argv.slice(2);
  return `${transport === 'tls' ? tls : plain}${SUBMIT_PATH}`;
}

/** What `serveLoads` prints. */
export const LOADS_READY_LINE = /^ready at (http\S+)/;

/** Gives a load to the process at `url` and waits for its end. */
export async function sendLoad(url: string, load: Load): Promise<void> {
  const answer = await axios.post<string>(url, load, { timeout: 0, validateStatus: () => true, proxy: false });
  if (answer.status !== 200) throw new Error(answer.data);
}
