/**
 * Temporal's remote codec protocol over HTTP: `POST /encode` and `POST /decode`, for the Web UI and `temporal --codec-endpoint`.
 *
 * Keeps true:
 * 1. Nobody without a token has anything decrypted. A browser is answered only at the origins that are named, with or without a token.
 * 2. No payload, header or token is logged. Bodies, times, headers and requests at once are bounded.
 */
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { readFileSync } from 'node:fs';
import { createSecureContext, Server as TlsServer } from 'node:tls';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { whyNotListening, whyUnreadable } from '../text/reason';
import { ConfigError } from '../config';
import { EncryptionCodec, encryptionErrorIn, type KeySource } from '../encryption';
import { reasonOf } from '../text/reason';
import { Access, COOKIE, SESSION_SECONDS } from './access';
import { bodyOf, payloadsIn } from './payloads';
import { SIGNED_IN_PAGE, signInPage } from './sign-in';

export interface CodecServerOptions {
  keys: KeySource;
  /** `host:port` */
  listen: string;
  /** Any of them will do; none: everybody may. */
  tokens: readonly string[];
  /** Of the Web UIs whose pages may ask: `https://temporal.example.com`. */
  origins: readonly string[];
  /** Namespaces that may be asked for, by the header `X-Namespace`; none: any. */
  namespaces: readonly string[];
  /** Files in PEM. */
  tls?: TlsFiles;
  log: Logger;
}

export interface TlsFiles {
  cert: string;
  key: string;
}

export interface CodecServer {
  /** `http://127.0.0.1:8082` */
  readonly url: string;
  /** Reads keys and certificate again. Never throws: what is wrong is logged, and what was in use stays. */
  reload(): void;
  close(): Promise<void>;
}

/** Payloads of 2 MB are the largest that Temporal takes, and Base64 makes them a third longer; the UI sends several at once. */
const MAX_BODY_BYTES = 16 * 1_048_576;
const MAX_HEADER_BYTES = 32_768;
const REQUEST_MS = 30_000;
const MAX_SOCKETS = 500;
/** As many bodies are in memory at most. */
const MAX_REQUESTS = 20;
const ALLOWED_HEADERS = 'Authorization, Authorization-Extras, Content-Type, X-Namespace';
const PREFLIGHT_SECONDS = 600;

/** @throws ConfigError when its certificate is wrong or nobody can listen there */
export async function openCodecServer(options: CodecServerOptions): Promise<CodecServer> {
  return new OpenCodecServer(options).listen();
}

class OpenCodecServer {
  private readonly access: Access;
  private readonly codec: EncryptionCodec;
  private readonly server: FastifyInstance;
  private requests = 0;

  constructor(private readonly options: CodecServerOptions) {
    this.access = new Access(options.tokens);
    this.codec = new EncryptionCodec(options.keys);
    const bounds = {
      bodyLimit: MAX_BODY_BYTES,
      requestTimeout: REQUEST_MS,
      forceCloseConnections: 'idle' as const,
      exposeHeadRoutes: false,
      frameworkErrors: (_error: Error, _request: unknown, reply: FastifyReply) => void say(reply, 400, 'not a request that is understood'),
    };
    const http = { maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: REQUEST_MS };
    const { tls } = options;
    this.server = tls === undefined ? fastify({ ...bounds, http }) : fastify({ ...bounds, https: { ...http, ...certificate(tls) } });
    this.route();
  }

  async listen(): Promise<CodecServer> {
    const { server, options } = this;
    const { listen, tls } = options;
    const at = listen.lastIndexOf(':');
    const host = listen.slice(0, at).replace(/^\[|\]$/g, '');
    try {
      await server.listen({ host, port: Number(listen.slice(at + 1)) });
    } catch (err) {
      throw new ConfigError([`cannot listen at ${listen}: ${whyNotListening(err)}; --listen names another place`]);
    }
    const { port } = server.server.address() as AddressInfo;
    const shown = host.includes(':') ? `[${host}]` : host;
    return {
      url: `${tls === undefined ? 'http' : 'https'}://${shown}:${port}`,
      reload: () => this.reload(),
      close: () => server.close(),
    };
  }

  private route(): void {
    const { server } = this;
    server.server.maxConnections = MAX_SOCKETS;
    server.removeContentTypeParser('text/plain');
    server.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, text, done) =>
      done(null, Object.fromEntries(new URLSearchParams(String(text)))),
    );
    server.setNotFoundHandler((_request, reply) => say(reply, 404, 'there are POST /encode and POST /decode'));
    server.setErrorHandler((error: { statusCode?: number }, _request, reply) => this.broken(error, reply));
    server.addHook('onRequest', async (_request, reply) => {
      reply.header('Vary', 'Origin').header('Cache-Control', 'no-store').header('X-Content-Type-Options', 'nosniff');
    });
    server.get('/livez', (_request, reply) => reply.send({ status: 'ok' }));
    server.get('/', (_request, reply) => page(reply, 200, signInPage()));
    server.post('/sign-in', { bodyLimit: 8192 }, (request, reply) => this.signIn(request, reply));
    const fromOrigin = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => this.fromOrigin(request, reply);
    const admit = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => this.admit(request, reply);
    for (const name of ['encode', 'decode'] as const) {
      server.options(`/${name}`, { onRequest: fromOrigin }, (_request, reply) => preflight(reply));
      server.post(`/${name}`, { onRequest: [fromOrigin, admit] }, (request, reply) => this.convert(name, request, reply));
    }
  }

  /** Whether a page of this origin may ask. Of the routes themselves, whatever their URL was spelled like. */
  private async fromOrigin({ headers: { origin } }: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    if (origin === undefined) return;
    if (!this.options.origins.includes(origin)) return say(reply, 403, 'this origin is not allowed; it is named by --allow-origin');
    reply.header('Access-Control-Allow-Origin', origin).header('Access-Control-Allow-Credentials', 'true');
    return;
  }

  /** Before a body is read. */
  private async admit({ headers }: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    if (!this.access.allows(headers.authorization, headers.cookie, Date.now())) {
      reply.header('WWW-Authenticate', 'Bearer');
      return say(reply, 401, 'no right token: send "Authorization: Bearer <token>", or sign in at / with a browser');
    }
    const { namespaces } = this.options;
    const namespace = String(headers['x-namespace'] ?? '');
    if (namespaces.length > 0 && !namespaces.includes(namespace)) return say(reply, 403, 'this namespace is not served (X-Namespace)');
    if (this.requests >= MAX_REQUESTS) return say(reply.header('Retry-After', '1'), 503, 'too many requests at once');
    this.requests += 1;
    reply.raw.once('close', () => (this.requests -= 1));
    return;
  }

  private async convert(name: 'encode' | 'decode', request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const payloads = payloadsIn(request.body);
    if (payloads === undefined) return say(reply, 400, 'the body must be { "payloads": [ … ] } in JSON, with bytes in Base64');
    try {
      return await reply.send(bodyOf(await this.codec[name](payloads)));
    } catch (err) {
      const problem = encryptionErrorIn(err);
      if (problem === undefined) throw err;
      return say(reply, 422, problem.message);
    }
  }

  private signIn(request: FastifyRequest, reply: FastifyReply): unknown {
    const { token } = (request.body ?? {}) as { token?: unknown };
    // Another site's form would sign a browser in as somebody else.
    const site = request.headers['sec-fetch-site'] ?? 'same-origin';
    if (site !== 'same-origin' && site !== 'none') return page(reply, 403, signInPage('Sign in on this page.'));
    if (typeof token !== 'string' || !this.access.isToken(token)) return page(reply, 401, signInPage('This is not a right token.'));
    // To be sent from the UI's site, which may be another one: that needs TLS.
    const scope = this.options.tls === undefined ? 'SameSite=Lax' : 'SameSite=None; Secure';
    const value = this.access.session(token, Date.now());
    reply.header('Set-Cookie', `${COOKIE}=${value}; Path=/; HttpOnly; Max-Age=${SESSION_SECONDS}; ${scope}`);
    return page(reply, 200, SIGNED_IN_PAGE);
  }

  private broken({ statusCode = 500 }: { statusCode?: number }, reply: FastifyReply): unknown {
    // Messages of parsers may repeat the body.
    if (statusCode === 413) return say(reply, 413, `the body must be at most ${MAX_BODY_BYTES} bytes`);
    if (statusCode < 500) return say(reply, statusCode, 'the body must be JSON');
    this.options.log.error('a request to the codec server failed');
    return say(reply, 500, 'it failed');
  }

  private reload(): void {
    const { keys, tls, log } = this.options;
    keys.reload();
    const { server } = this.server;
    if (tls === undefined || !(server instanceof TlsServer)) return;
    try {
      server.setSecureContext(certificate(tls));
    } catch (err) {
      log.error({ reason: reasonOf(err) }, 'the certificate is refused, the one before stays in use');
    }
  }
}

/** @throws ConfigError */
function certificate(files: TlsFiles): { cert: Buffer; key: Buffer } {
  const read = (path: string): Buffer => {
    try {
      return readFileSync(path);
    } catch (err) {
      throw new ConfigError([`${path}: ${whyUnreadable(err)} (--tls-cert, --tls-key)`]);
    }
  };
  const pair = { cert: read(files.cert), key: read(files.key) };
  try {
    createSecureContext(pair);
  } catch {
    throw new ConfigError([`${files.cert}, ${files.key}: must be a certificate and its private key, both in PEM`]);
  }
  return pair;
}

function preflight(reply: FastifyReply): FastifyReply {
  reply.header('Access-Control-Allow-Methods', 'POST').header('Access-Control-Allow-Headers', ALLOWED_HEADERS);
  return reply.header('Access-Control-Max-Age', String(PREFLIGHT_SECONDS)).code(204).send();
}

function say(reply: FastifyReply, httpStatus: number, message: string): FastifyReply {
  return reply.code(httpStatus).send({ message });
}

function page(reply: FastifyReply, httpStatus: number, html: string): FastifyReply {
  return reply
    .code(httpStatus)
    .header('Content-Type', 'text/html; charset=utf-8')
    .header('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'")
    .send(html);
}
