/**
 * Whether a credential stands anywhere that the system writes: logs, histories, the database of Temporal, reports.
 *
 * Keeps true: what is searched is shown to be searchable, by a text that has to be found there.
 */
import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs';
import type { Client } from '@temporalio/client';
import { everythingOf } from '../secrets/everything';
import { Haystack, tracesOf } from '../secrets/traces';
import type { Credentials } from './credentials';

const CHUNK_BYTES = 32 * 1024 * 1024;

export interface Search {
  /** One line each: where a credential, or a piece of it, was found. */
  found: string[];
  searchedBytes: number;
}

export class Canaries {
  readonly search: Search = { found: [], searchedBytes: 0 };
  private readonly traces: string[];
  private readonly inBytes: Buffer[];

  constructor(all: readonly Credentials[]) {
    const secrets = all.flatMap(({ key, token }) => [key, token]);
    this.traces = secrets.flatMap(tracesOf);
    this.inBytes = secrets.flatMap(needlesOf);
  }

  /** Searches texts, in all encodings. */
  inText(where: string, text: string): void {
    this.search.searchedBytes += text.length;
    const found = new Haystack(text).find(this.traces);
    if (found !== '') this.search.found.push(`${where}: …${found}…`);
  }

  inFile(path: string): void {
    this.inEndOfFile(path, Infinity);
  }

  /** So many characters at most, in all encodings. */
  inEndOfFile(path: string, chars: number): void {
    if (existsSync(path)) this.inText(path, readFileSync(path, 'utf8').slice(-chars));
  }

  /** All runs of a workflow and of its children. */
  async inHistory(client: Client, workflowId: string): Promise<void> {
    this.inText(`history of ${workflowId}`, await everythingOf(client, workflowId, []));
  }

  /**
   * Searches a large file as it is, in pieces.
   * @returns whether `known` stands in it, as it must
   */
  inLargeFile(path: string, known: string): boolean {
    if (!existsSync(path)) return false;
    const file = openSync(path, 'r');
    const overlap = 256;
    const buffer = Buffer.alloc(CHUNK_BYTES + overlap);
    let isKnown = false;
    try {
      for (let position = 0, kept = 0; ;) {
        const read = readSync(file, buffer, kept, CHUNK_BYTES, position);
        if (read === 0) return isKnown;
        position += read;
        this.search.searchedBytes += read;
        const piece = buffer.subarray(0, kept + read);
        isKnown ||= piece.includes(known);
        for (const needle of this.inBytes)
          if (piece.includes(needle)) this.search.found.push(`${path}, before byte ${position}: ${needle.toString()}`);
        kept = Math.min(overlap, piece.length);
        piece.copy(buffer, 0, piece.length - kept);
      }
    } finally {
      closeSync(file);
    }
  }
}

/** A secret's middle as it is, in Base64 at each of three positions, and in hexadecimal digits. */
function needlesOf(secret: string): Buffer[] {
  const middle = secret.slice(14, 38);
  const bytes = Buffer.from(middle);
  const base64 = [0, 1, 2].map((before) =>
    Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .slice(4, 28),
  );
  return [middle, ...base64, bytes.toString('hex')].map((text) => Buffer.from(text));
}
