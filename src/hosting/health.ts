/**
 * Liveness and readiness over HTTP, for whoever restarts and replaces processes.
 *
 *     GET /livez    200 whenever the event loop turns, also without Temporal: a restart would not bring that back;
 *                   `eventLoopLateMs`: how late it was at most within the last half to one minute
 *     GET /readyz   200 while work is taken; 503 with the reason while it is not
 *
 * Keeps true: it answers from the same event loop that all the work needs, so a process that hangs does not answer; it tells nothing that
 * is not for everybody, and asks nobody for an answer.
 */
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { ConfigError, isPlace } from '../config';
import { whyNotListening } from '../text/reason';
import { EventLoopLateness } from './event-loop-lateness';

/** Why no work is taken; undefined while it is. */
export type NotReady = 'starting' | 'draining' | 'Temporal does not answer' | (string & {});

export interface Health {
  /** `127.0.0.1:8081` */
  address: string;
  close(): Promise<void>;
}

/** The part of the environment that says where. */
export const healthVariables = { LRO_HEALTH_ADDRESS: z.string().refine(isPlace, 'must be host:port').optional() };

const REQUEST_MS = 5000;
const MAX_BODY_BYTES = 1024;
const MAX_SOCKETS = 100;

/** @param place `host:port`; port 0: any that is free @param notReady is asked for each answer @throws ConfigError when nobody can listen there */
export async function openHealth(place: string, notReady: () => NotReady | undefined): Promise<Health> {
  const at = place.lastIndexOf(':');
  const host = place.slice(0, at).replace(/^\[|\]$/g, '');
  // Loaded here: a worker without such an address starts sooner.
  const { fastify } = await import('fastify');
  const app = fastify({
    requestTimeout: REQUEST_MS,
    connectionTimeout: 2 * REQUEST_MS,
    bodyLimit: MAX_BODY_BYTES,
    forceCloseConnections: true,
  });
  app.server.maxConnections = MAX_SOCKETS;
  const lateness = new EventLoopLateness();
  app.get('/livez', () => ({ alive: true, eventLoopLateMs: lateness.latestMs }));
  app.get('/readyz', (_, reply) => {
    const reason = notReady();
    return reply.code(reason === undefined ? 200 : 503).send(reason === undefined ? { ready: true } : { ready: false, reason });
  });
  try {
    await app.listen({ host, port: Number(place.slice(at + 1)) });
  } catch (err) {
    throw new ConfigError([`LRO_HEALTH_ADDRESS: cannot listen at ${place}: ${whyNotListening(err)}`]);
  }
  const { port } = app.server.address() as AddressInfo;
  return {
    address: `${place.slice(0, at)}:${port}`,
    close: async () => {
      lateness.end();
      await app.close();
    },
  };
}

/** Why a worker of the SDK takes no work now, for {@link openHealth} of a program that embeds one. */
export function notReadyReason(worker: { getState(): string } | undefined): NotReady | undefined {
  const state = worker?.getState();
  if (state === 'RUNNING') return undefined;
  return state === undefined || state === 'INITIALIZED' ? 'starting' : 'draining';
}
