/** Puts an answer on the wire: whole, cut off, slowly, or without end. */
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from './answer';
import type { Bends } from './fault-schema';

const dripsPerSecond = 20;
const endlessPart = Buffer.alloc(16 * 1024, 'x');

/**
 * Resolves when all was handed over, or when the connection is gone. Throws only when a file to send is not there.
 * @param atOnce is called just before an answer is handed over whole
 */
export async function send(response: ServerResponse, answer: Answer, bends: Bends = {}, atOnce?: () => void): Promise<void> {
  const isPlain = bends.endlessBody === undefined && bends.cutBody === undefined && bends.drip === undefined;
  if (answer.bodyFile !== undefined && isPlain) return sendFile(response, answer, answer.bodyFile);
  const body = answer.bodyFile === undefined ? bodyBytes(answer) : await readFile(answer.bodyFile);
  for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, value);
  if (body.length > 0 && !response.hasHeader('content-type')) response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.statusCode = answer.httpStatus;
  if (bends.endlessBody !== undefined) return sendWithoutEnd(response, bends.endlessBody.bytesPerSecond);
  if (bends.cutBody !== undefined) return sendCut(response, body, bends.cutBody);
  if (![204, 304].includes(answer.httpStatus) && !response.hasHeader('transfer-encoding'))
    response.setHeader('Content-Length', body.length);
  if (bends.drip !== undefined) return sendSlowly(response, body, bends.drip.bytesPerSecond);
  atOnce?.();
  response.end(body);
}

/** Resets the connection, as a crashed server or an impatient gateway does. */
export function cut(response: ServerResponse): void {
  const socket = response.socket;
  if (socket === null) response.destroy();
  else socket.resetAndDestroy();
}

function bodyBytes(answer: Answer): Buffer {
  if (answer.rawBody !== undefined) return answer.rawBody;
  if (answer.body === undefined) return Buffer.alloc(0);
  return Buffer.from(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body));
}

/** Part by part, so that a large upload can be read again without being held in memory. */
async function sendFile(response: ServerResponse, { httpStatus, headers }: Answer, path: string): Promise<void> {
  const { size } = await stat(path);
  response.writeHead(httpStatus, { ...headers, 'Content-Length': size });
  // Fails when the client has gone: then there is nobody to answer.
  await pipeline(createReadStream(path), response).catch(() => undefined);
}

function sendCut(response: ServerResponse, body: Buffer, bytes: number): Promise<void> {
  response.setHeader('Content-Length', Math.max(body.length, bytes + 1));
  response.flushHeaders();
  const part = bytes <= body.length ? body.subarray(0, bytes) : Buffer.concat([body, Buffer.alloc(bytes - body.length, ' ')]);
  // An orderly end of the connection, so that what was sent arrives before the end does.
  const end = (): void => void response.socket?.end(() => response.destroy());
  return new Promise((resolve) => {
    response.once('close', resolve);
    if (part.length === 0) end();
    else response.write(part, end);
  });
}

async function sendWithoutEnd(response: ServerResponse, bytesPerSecond: number | undefined): Promise<void> {
  response.write('{"status":"Running","filler":"');
  if (bytesPerSecond !== undefined) return drip(response, () => Buffer.alloc(Math.ceil(bytesPerSecond / dripsPerSecond), 'x'));
  while (!response.destroyed) {
    if (!response.write(endlessPart)) await drained(response);
  }
}

async function sendSlowly(response: ServerResponse, body: Buffer, bytesPerSecond: number): Promise<void> {
  response.flushHeaders();
  const size = Math.max(1, Math.floor(bytesPerSecond / dripsPerSecond));
  const pauseMs = (size / bytesPerSecond) * 1000;
  let sent = 0;
  await drip(
    response,
    () => {
      const part = body.subarray(sent, sent + size);
      sent += part.length;
      return part.length === 0 ? undefined : part;
    },
    pauseMs,
  );
  if (!response.destroyed) response.end();
}

async function drip(response: ServerResponse, next: () => Buffer | undefined, pauseMs = 1000 / dripsPerSecond): Promise<void> {
  for (let part = next(); part !== undefined && !response.destroyed; part = next()) {
    response.write(part);
    await sleep(pauseMs, undefined, { ref: false });
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.once('drain', done);
    response.once('close', done);
  });
}
