/**
 * The receiver of webhooks: a call of a service that is verified wakes the operation it is about, which then polls.
 *
 * Keeps true:
 * 1. Nothing of a call is believed: what it comes to is one signal `pollNow`, whatever its body says.
 * 2. Every refusal looks the same (404, empty); only who has the secret URL is told 413, or 503 to come again.
 * 3. Bodies, times, headers and requests at once are bounded, and no path, header or body is logged.
 */
import type { fastify, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import type { Callbacks, CallbackTarget } from '../transport/callbacks';
import { reasonOf } from '../text/reason';
import { Refusals, type Refusal } from './refusals';
import type { Signatures } from './signatures';
import { Wakes } from './wakes';

/** What calls are judged by, and who is told. */
export interface ReceiverSettings {
  callbacks: Callbacks;
  /** By connection; `undefined`: the secret URL is all. A connection that is not here takes no calls. */
  signatures: ReadonlyMap<string, Signatures | undefined>;
  /** Wakes the operation; one that has ended needs none. @throws Error when Temporal does not take it now */
  wake(target: CallbackTarget): Promise<void>;
}

export interface Receiver {
  /** `127.0.0.1:8090` */
  readonly address: string;
  /** From now on calls are judged so. Before the first time they are answered with 503. */
  use(settings: ReceiverSettings): void;
  /** Answers what is under way, and ends. */
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 1_048_576;
const MAX_HEADER_BYTES = 32_768;
/** For a whole call to come in. */
const REQUEST_MS = 10_000;
const KEEP_ALIVE_MS = 30_000;
/** Of those with the right URL: as many bodies are in memory at most. */
const MAX_REQUESTS = 200;
const MAX_SOCKETS = 2000;
/** After Temporal did not take a signal, and after there were too many calls. */
const RETRY_LATER_SECONDS = 5;
const RETRY_SOON_SECONDS = 1;

/** @param listen `host:port` @throws the system's error when nobody can listen there */
export async function openReceiver(listen: string, log?: Logger): Promise<Receiver> {
  // Loaded here: most workers take no calls, and start sooner without it.
  const open = new OpenReceiver((await import('fastify')).fastify, log);
  return open.listen(listen);
}

class OpenReceiver {
  private settings: ReceiverSettings | undefined;
  private readonly wakes = new Wakes();
  private readonly refusals: Refusals;
  private readonly targets = new WeakMap<FastifyRequest, CallbackTarget>();
  private requests = 0;
  private readonly server: FastifyInstance;

  constructor(
    create: typeof fastify,
    private readonly log: Logger | undefined,
  ) {
    this.refusals = new Refusals(log);
    this.server = create({
      bodyLimit: MAX_BODY_BYTES,
      requestTimeout: REQUEST_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      forceCloseConnections: 'idle',
      exposeHeadRoutes: false,
      http: { maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: REQUEST_MS },
      frameworkErrors: (_error, _request, reply) => void this.refuse(reply, 'no such URL'),
    });
    const { server } = this;
    server.server.maxConnections = MAX_SOCKETS;
    server.removeAllContentTypeParsers();
    // Signatures are of the bytes, whatever they are.
    server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    server.setNotFoundHandler((_request, reply) => this.refuse(reply, 'no such URL'));
    server.setErrorHandler((error: { statusCode?: number }, _request, reply) => this.broken(error, reply));
    server.addHook('onRequest', async (request, reply) => this.admit(request, reply));
    server.post('*', (request, reply) => this.received(request, reply));
  }

  async listen(listen: string): Promise<Receiver> {
    const { server } = this;
    const at = listen.lastIndexOf(':');
    const host = listen.slice(0, at).replace(/^\[|\]$/g, '');
    await server.listen({ host, port: Number(listen.slice(at + 1)) });
    const { port } = server.server.address() as AddressInfo;
    return {
      address: `${listen.slice(0, at)}:${port}`,
      use: (settings) => void (this.settings = settings),
      close: async () => {
        await server.close();
        this.refusals.tell();
      },
    };
  }

  /** Before its body is read: only who has a secret URL is listened to. */
  private admit(request: FastifyRequest, reply: FastifyReply): FastifyReply | undefined {
    const { settings } = this;
    if (settings === undefined) return this.later(reply, 'not ready', RETRY_SOON_SECONDS);
    const target = request.method === 'POST' ? settings.callbacks.targetOf(lastSegment(request.raw.url ?? '')) : undefined;
    if (target === undefined) return this.refuse(reply, 'no such URL');
    if (!settings.signatures.has(target.connection)) return this.refuse(reply, 'unknown connection');
    if (this.requests >= MAX_REQUESTS || this.wakes.isFull) return this.later(reply, 'too many at once', RETRY_SOON_SECONDS);
    this.targets.set(request, target);
    this.requests++;
    reply.raw.once('close', () => this.requests--);
    return undefined;
  }

  private async received(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const target = this.targets.get(request);
    const { settings } = this;
    if (target === undefined || settings === undefined) return this.refuse(reply, 'no such URL');
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const verdict = (await settings.signatures.get(target.connection)?.verdict(request.headers, body)) ?? 'right';
    if (verdict === 'wrong') return this.refuse(reply, 'wrong signature');
    if (verdict === 'unknown') return this.later(reply, 'not ready', RETRY_LATER_SECONDS);
    const { workflowId, firstRunId, key } = target;
    try {
      await this.wakes.wake(JSON.stringify([workflowId, firstRunId, key]), () => settings.wake(target));
    } catch (err) {
      this.log?.warn({ connection: target.connection, workflowId, reason: reasonOf(err) }, 'a webhook could not be passed on');
      return reply.code(503).header('retry-after', RETRY_LATER_SECONDS).send();
    }
    this.log?.debug({ connection: target.connection, workflowId }, 'a webhook woke an operation');
    return reply.code(204).send();
  }

  private refuse(reply: FastifyReply, reason: Refusal): FastifyReply {
    this.refusals.add(reason);
    // What is still to come of it is not read.
    return reply.code(404).header('connection', 'close').send();
  }

  private later(reply: FastifyReply, reason: Refusal, seconds: number): FastifyReply {
    this.refusals.add(reason);
    return reply.code(503).header('connection', 'close').header('retry-after', seconds).send();
  }

  private broken({ statusCode = 500 }: { statusCode?: number }, reply: FastifyReply): FastifyReply {
    this.refusals.add('unreadable');
    return reply.code(statusCode).header('connection', 'close').send();
  }
}

/** A proxy may have taken away what stands before it. */
function lastSegment(url: string): string {
  const [path = ''] = url.split('?');
  return path.slice(path.lastIndexOf('/') + 1);
}
