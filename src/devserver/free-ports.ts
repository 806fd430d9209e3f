/** Finds free TCP ports. */
import { createServer } from 'node:net';
import type { Server } from 'node:net';

/**
 * `count` different free ports of `host`. All are held open until the last is found, so they differ.
 * Another process may use one before the caller does: then the caller has to ask for others.
 */
export async function findFreePorts(count: number, host = '127.0.0.1'): Promise<number[]> {
  const holders = await Promise.all(Array.from({ length: count }, () => listenAnywhere(host)));
  const ports = holders.map(portOf);
  await Promise.all(holders.map(close));
  return ports;
}

function listenAnywhere(host: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, host, () => resolve(server));
  });
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server without a port');
  return address.port;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
