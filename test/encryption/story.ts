/**
 * What operations and batches bring into Temporal's database, each kind with a word of its own in it, and what of it can be read there.
 *
 * Keeps true: all that is looked for is in the database when it is dumped, as far as anybody can read it: the same story without encryption
 * shows every word (`PLACES`).
 */
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { defaultPayloadConverter } from '@temporalio/common';
import type { Client } from '@temporalio/client';
import Database from 'libsql';
import { OperationError, type LroClient } from '../../src/client';
import { POLL_NOW_SIGNAL } from '../../src/contract';
import type { Emulator, Script } from '../../src/emulator';
import { EncryptionCodec, type KeySource } from '../../src/encryption';
import { eventually } from '../support/eventually';

/** Where the words are. */
export const PLACES = [
  'input body',
  'header',
  'query',
  'label',
  'status URL',
  'result',
  'resource',
  'failure',
  'problem',
  'signal',
  'update',
  'batch item',
  'heartbeat',
  'batch result',
] as const;
export type Place = (typeof PLACES)[number];
export type Words = Record<Place, string>;

/** No word is in another one, nor in an id. */
export function words(): Words {
  return Object.fromEntries(PLACES.map((place) => [place, `w${randomUUID().replaceAll('-', '')}`])) as Words;
}

export interface Stage {
  emulator: Emulator;
  /** The typed client, with the keys, if any. */
  lro: LroClient;
  /** The same, below. */
  client: Client;
  keys: KeySource;
}

type Answer = Script['routes'][number]['answers'][number];

/** Plays it, until all has ended. @param whileHeld while an activity that submits has said in a heartbeat what was answered */
export async function play({ emulator, lro, client, keys }: Stage, word: Words, whileHeld: () => void): Promise<string[]> {
  const name = `story-${randomUUID()}`;
  const accepted = (query: string): Answer => ({
    httpStatus: 202,
    headers: { 'operation-location': `{base}/status?trace=${query}`, 'retry-after': '0' },
  });
  const running: Answer = { headers: { 'retry-after': '0' }, body: { status: 'running' } };
  const succeeded = (body: object): Answer => ({ body: { status: 'succeeded', ...body } });
  await emulator.admin.addScript({
    name,
    routes: [
      { method: 'POST', path: '/good', answers: [accepted(word['status URL'])] },
      { method: 'POST', path: '/bad', answers: [{ httpStatus: 400, body: { error: { code: 'No', message: word.failure } } }] },
      { method: 'POST', path: '/item', answers: [accepted(word.heartbeat)] },
      { method: 'POST', path: '/held', answers: [{ ...accepted('held'), holdUntilReleased: true }] },
      {
        path: '/status',
        answers: [
          { httpStatus: 503, headers: { 'retry-after': '1' }, body: { error: { code: 'Busy', message: word.problem } } },
          running,
          succeeded({ resourceLocation: '{base}/thing', note: word.result }),
        ],
      },
      { path: '/thing', answers: [{ body: { note: word.resource } }] },
    ],
  });
  const path = (route: string): string => `/scripts/${name}${route}`;
  const submit = {
    path: path('/good'),
    query: { note: word.query },
    headers: { 'x-note': word.header },
    body: { note: word['input body'] },
  };
  const ids = ['good', 'bad', 'batch'].map((what) => `${what}-${name}`);
  const [good = '', bad = '', batchId = ''] = ids;

  const update = { submit: { ...submit, body: { note: word.update } } };
  const [operation] = await Promise.all([
    lro.startAndWaitAccepted({ submit, labels: { note: word.label }, fetchResource: true }, { id: good }),
    lro.startAndWaitAccepted(update, { id: `${good}-update` }),
  ]);
  await client.workflow.getHandle(good).signal(POLL_NOW_SIGNAL, { key: word.signal });
  const failure: unknown = await lro.execute({ submit: { path: path('/bad') } }, { id: bad }).catch((err: unknown) => err);
  expect(failure).toBeInstanceOf(OperationError);
  expect((failure as OperationError).message).toContain(word.failure);
  const result = await operation.result();
  expect(JSON.stringify(result)).toContain(word.resource);
  expect(JSON.stringify(result)).toContain(word.label);

  const items = [
    { id: 'first', submit: { path: path('/item'), body: { note: word['batch item'] } }, labels: { note: word['batch result'] } },
    { id: 'second', submit: { path: path('/held') } },
  ];
  const batch = await lro.startBatch({ items }, { id: batchId });
  await eventually(
    () => heartbeatsOf(client, keys, batchId),
    (heartbeats) => heartbeats.includes(word.heartbeat),
  );
  whileHeld();
  await emulator.admin.release();
  await batch.result();
  return ids;
}

/** Details of the heartbeats of what the batch's shards are at. */
async function heartbeatsOf(client: Client, keys: KeySource, batchId: string): Promise<string> {
  const { raw } = await client.workflow.getHandle(batchId).describe();
  const shards = (raw.pendingChildren ?? []).flatMap(({ workflowId }) => workflowId ?? []);
  const described = await Promise.all(shards.map((id) => client.workflow.getHandle(id).describe()));
  const payloads = described.flatMap((shard) =>
    (shard.raw.pendingActivities ?? []).flatMap(({ heartbeatDetails }) => heartbeatDetails?.payloads ?? []),
  );
  const decoded = await new EncryptionCodec(keys).decode(payloads);
  return JSON.stringify(decoded.map((payload) => defaultPayloadConverter.fromPayload(payload)));
}

/** All that the database has: each value of each row, and the files as they are, with what was deleted in them. */
export function dump(databaseFile: string): Buffer {
  const database = new Database(databaseFile, { readonly: true });
  const parts: Buffer[] = [];
  try {
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all() as { name: string }[];
    for (const { name } of tables) {
      const rows = database.prepare(`SELECT * FROM "${name}"`).raw().all() as unknown[][];
      for (const value of rows.flat()) parts.push(value instanceof Uint8Array ? Buffer.from(value) : Buffer.from(String(value)));
    }
  } finally {
    database.close();
  }
  const files = [databaseFile, `${databaseFile}-wal`].filter((file) => existsSync(file));
  return Buffer.concat([...parts, ...files.map((file) => readFileSync(file))]);
}

/** As text, and as the Base64 of JSON it would have in a text. */
export function readable(dumped: Buffer, word: Words): Place[] {
  return PLACES.filter(
    (place) => dumped.includes(word[place]) || dumped.includes(Buffer.from(word[place]).toString('base64').slice(0, 30)),
  );
}
