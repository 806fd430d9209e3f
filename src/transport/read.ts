/**
 * One read on Node's own http, answer and body: no streams, URLs or promises on the way. What is not plain (packed, cut, failed) comes back
 * as what it is, and nothing is sent a second time.
 *
 * Keeps true: `hadSocket` is false only when the request never had a socket (see `agents.ts`).
 */
import * as http from 'node:http';
import * as https from 'node:https';
import type { Readable } from 'node:stream';
import { BoundedBytes } from './bounded-bytes';
import type { AbortSource } from './plain-request';

/** Where a read goes, and what it sends. */
export interface ReadTarget {
  isSecure: boolean;
  /** Without the brackets of an IPv6 address. */
  hostname: string;
  port: string | undefined;
  agent: http.Agent;
  /** Path and query. */
  path: string;
  /** Names and values in turn, `host` among them. */
  headers: readonly string[];
  /** Of the answer's headers, all together. */
  maxHeaderBytes: number;
  /** No more of the body is kept; the rest is not read. */
  maxBodyBytes: number;
  signal: AbortSource;
}

/** What came back. */
export type ReadOutcome =
  /** `bytes` is the body as it was sent, or its beginning. */
  | { kind: 'answer'; response: http.IncomingMessage; bytes: Buffer; cutBy?: 'limit' | 'connection' }
  /** The body is packed, and still to be read. */
  | { kind: 'packed'; response: http.IncomingMessage & Readable; request: http.ClientRequest }
  | { kind: 'failed'; error: Error; hadSocket: boolean; reusedSocket: boolean };

/** Sends one GET. Never rejects. */
export function read(target: ReadTarget): Promise<ReadOutcome> {
  return new Promise((resolve) => {
    const { isSecure, hostname, port, agent, path, maxHeaderBytes, maxBodyBytes, signal } = target;
    const headers = target.headers as string[];
    const options = { hostname, port, path, method: 'GET', headers, agent, maxHeaderSize: maxHeaderBytes };
    const request = (isSecure ? https : http).request(options);
    const abort = (): void => void request.destroy(new Error('aborted'));
    const settle = (outcome: ReadOutcome): void => {
      signal.removeEventListener?.('abort', abort);
      resolve(outcome);
    };
    let fail = (error: Error): void =>
      settle({ kind: 'failed', error, hadSocket: request.socket !== null, reusedSocket: request.reusedSocket });
    // By default node drops all headers after the first thousand without a word.
    request.maxHeadersCount = 0;
    request.on('response', (response) => {
      if (isPacked(response.rawHeaders)) return settle({ kind: 'packed', response, request });
      const body = new BoundedBytes(maxBodyBytes);
      const finish = (cutBy?: 'limit' | 'connection'): void => settle({ kind: 'answer', response, bytes: body.all, cutBy });
      fail = () => finish('connection');
      response.on('data', (chunk: Buffer) => {
        if (body.add(chunk) === undefined) return;
        finish('limit');
        // What was not read must not be read by the next request on this socket.
        request.destroy();
      });
      response.on('end', () => finish());
      // Only after `end` is it whole.
      response.on('close', () => finish('connection'));
      response.on('error', () => finish('connection'));
    });
    // Stays: a request whose answer has begun may still fail, and then its answer is cut.
    request.on('error', (error) => fail(error));
    signal.addEventListener?.('abort', abort);
    request.end();
  });
}

/** Whether the body is not what the service meant, but that packed. */
function isPacked(rawHeaders: readonly string[]): boolean {
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (name.length === 'content-encoding'.length && name.toLowerCase() === 'content-encoding') return true;
  }
  return false;
}
