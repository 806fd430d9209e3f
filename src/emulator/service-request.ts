/** A request as the services see it: address, headers, body on demand, and what all of them ask about it. */
import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Refusal } from './answer';

/** Bodies that are no uploads are read into memory up to this size. */
const maxSmallBodyBytes = 16 * 1024 ** 2;

export class ServiceRequest {
  readonly method: string;
  readonly path: string;
  /** Raw, without the question mark. */
  readonly queryText: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** What the body had so far. */
  bodyBytes = 0;
  /** The key of a submit where its API has it in another place. */
  ownKey?: string;

  constructor(
    private readonly message: IncomingMessage,
    /** Scheme, host and port that URLs in answers start with. */
    readonly origin: string,
  ) {
    const target = message.url ?? '/';
    const mark = target.indexOf('?');
    this.method = message.method ?? 'GET';
    this.path = mark < 0 ? target : target.slice(0, mark);
    this.queryText = mark < 0 ? '' : target.slice(mark + 1);
    this.query = new URLSearchParams(this.queryText);
    this.headers = message.headers;
  }

  /** What makes a repeated submit recognizable: `Operation-Id` OASIS' `Repeatability-Request-ID`, or what its API has instead. */
  get idempotencyKey(): string | undefined {
    const key = this.ownKey ?? this.headers['operation-id'] ?? this.headers['repeatability-request-id'];
    return typeof key === 'string' && key !== '' ? key : undefined;
  }

  /** Headers by lower-case name, repeated ones joined. */
  flatHeaders(): Record<string, string> {
    return Object.fromEntries(
      Object.entries(this.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
    );
  }

  /** Reads the whole body. Throws a 413 refusal when it is too large. */
  async readBody(): Promise<Buffer> {
    const parts: Buffer[] = [];
    for await (const part of this.bodyParts(maxSmallBodyBytes)) parts.push(part);
    return Buffer.concat(parts);
  }

  /** Reads a JSON body; undefined when it is empty. Throws a 400 refusal when it is something else. */
  async readJson(): Promise<unknown> {
    const body = await this.readBody();
    if (body.length === 0) return undefined;
    try {
      return JSON.parse(body.toString('utf8')) as unknown;
    } catch {
      throw new Refusal(400, 'InvalidJson', 'The body is not valid JSON.', 'body');
    }
  }

  /** Reads the body and forgets it. */
  async skipBody(): Promise<void> {
    const parts = this.bodyParts(Infinity);
    while ((await parts.next()).done !== true);
  }

  /**
   * Streams the body into a file, which is gone again when that fails. Throws a 413 refusal when it is too large, a 400 when it is empty.
   * @returns its size, and its hash in hexadecimal
   */
  async saveBody(filePath: string, maxBytes: number): Promise<{ sizeInBytes: number; sha256: string }> {
    if (Number(this.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
    const hash = createHash('sha256');
    const file = await open(filePath, 'w');
    try {
      for await (const part of this.bodyParts(maxBytes)) {
        hash.update(part);
        await file.appendFile(part);
      }
      if (this.bodyBytes === 0) throw new Refusal(400, 'BadRequest', 'The body is empty.', 'body');
      await file.close();
      return { sizeInBytes: this.bodyBytes, sha256: hash.digest('hex') };
    } catch (error) {
      await file.close();
      await rm(filePath, { force: true });
      throw error;
    }
  }

  private async *bodyParts(maxBytes: number): AsyncGenerator<Buffer> {
    // Destroying the stream would close the socket, too, before the answer with the reason is sent.
    const parts = this.message.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
    for await (const part of parts) {
      this.bodyBytes += part.length;
      if (this.bodyBytes > maxBytes) throw tooLarge(maxBytes);
      yield part;
    }
  }
}

function tooLarge(maxBytes: number): Refusal {
  return new Refusal(413, 'RequestEntityTooLarge', `The body is larger than ${maxBytes} bytes.`, 'body');
}
