/** What stands in front of Temporal's gRPC port in production: TLS, that asks for a client's certificate, for an API key, or for both. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createSecureServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Certificates } from './certificates';

export interface TlsProxyOptions {
  certificates: Certificates;
  /** Whether clients need a certificate of the authority. */
  asksForCertificate?: boolean;
  /** What `authorization: Bearer` must be. */
  apiKey?: string;
}

export interface TlsProxy {
  /** `127.0.0.1:7243` */
  address: string;
  /** Calls that were passed on, and that were refused for their key. */
  calls: { passed: number; refused: number };
  close(): Promise<void>;
}

const UNAUTHENTICATED = '16';

/** @param target `host:port` of Temporal, without TLS */
export async function startTlsProxy(
  target: string,
  { certificates, asksForCertificate = false, apiKey }: TlsProxyOptions,
): Promise<TlsProxy> {
  const { ca, server: pair } = certificates;
  const upstream = connect(`http://${target}`);
  const calls = { passed: 0, refused: 0 };
  const server = createSecureServer({
    cert: readFileSync(pair.cert),
    key: readFileSync(pair.key),
    ca: readFileSync(ca),
    requestCert: asksForCertificate,
    rejectUnauthorized: asksForCertificate,
  });
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => sessions.add(session));
  server.on('sessionError', () => undefined);
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    if (apiKey !== undefined && headers.authorization !== `Bearer ${apiKey}`) {
      calls.refused += 1;
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': UNAUTHENTICATED, 'grpc-message': 'wrong key' },
        { endStream: true },
      );
      return;
    }
    calls.passed += 1;
    pass(stream, headers);
  });
  function pass(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const call = upstream.request({ ...headers, ':scheme': 'http', ':authority': target });
    call.on('error', () => stream.destroy());
    stream.on('close', () => call.close());
    let trailers: IncomingHttpHeaders = {};
    call.on('trailers', (sent: IncomingHttpHeaders) => {
      trailers = sent;
    });
    call.on('response', (answer, flags) => {
      if (stream.destroyed) return;
      const isWhole = (flags & 1) === 1;
      stream.respond(answer, { endStream: isWhole, waitForTrailers: !isWhole });
      if (isWhole) return;
      stream.on('wantTrailers', () => stream.sendTrailers(trailers));
      call.pipe(stream);
    });
    stream.pipe(call);
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    close: async () => {
      for (const session of sessions) session.destroy();
      upstream.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
