/** The benchmark's client of the fake service: starts it, sets how long operations last, and reads its counts. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axios from 'axios';
import { startChild } from '../../src/devserver';
import { makeCertificate } from '../certificate';
import { atEnd } from '../ending';
import type { Transport } from '../load';

/** How the operations of one count behave. */
export interface Settings {
  /** Number of the poll that is answered `Succeeded`; the first is 1. */
  polls: number;
  retryAfterSeconds: number;
  /** First polls of each operation whose lateness is not measured. */
  skippedPolls: number;
}

/** What the service saw since the last reset. */
export interface Counts {
  posts: number;
  polls: number;
  /** Operations whose last poll was answered. */
  succeeded: number;
  /** Polls of operations after their `Succeeded`. */
  afterEnd: number;
  /** Polls more than 1 ms before they were due. */
  early: number;
  /** Polls of operations from before the last reset. */
  strays: number;
  measuredPolls: number;
  /** Since the measuring began. */
  measuredSeconds: number;
  /** Arrival minus due of the measured polls; NaN (JSON: null) without any. */
  latenessMs: { p50: number; p99: number; max: number };
  /** Measured polls that were later than `ON_TIME_MS`. */
  measuredLate: number;
}

export interface FakeService {
  /** Where it listens, without a slash at the end. */
  urls: Readonly<Record<Transport, string>>;
  /** Environment of processes that are to trust its certificate. */
  trust: { NODE_EXTRA_CA_CERTS: string };
  reset(settings?: Partial<Settings>): Promise<void>;
  /** Measures lateness anew from now on. */
  measure(): Promise<void>;
  counts(): Promise<Counts>;
  /** @throws when they do not come in time */
  waitForPosts(count: number, timeoutSeconds: number): Promise<void>;
  stop(): Promise<void>;
}

const CHECK_EVERY_MS = 250;
/** Long, because the service shares the machine with the tool. */
const ADMIN_TIMEOUT_MS = 60_000;

export async function startFakeService(): Promise<FakeService> {
  const folder = mkdtempSync(join(tmpdir(), 'durable-lro-bench-service-'));
  const { certificate, key } = makeCertificate(folder);
  const child = await startChild({
    name: 'the fake service',
    command: process.execPath,
    args: [join(__dirname, 'main.js'), certificate, key],
    readyLine: /fake service ready at (http\S+) (https\S+)/,
  });
  const [, plain = '', tls = ''] = child.ready ?? [];
  const admin = axios.create({ baseURL: plain, timeout: ADMIN_TIMEOUT_MS, proxy: false });
  const counts = async (): Promise<Counts> => (await admin.get<Counts>('/admin/counts')).data;
  return {
    urls: { plain, tls },
    trust: { NODE_EXTRA_CA_CERTS: certificate },
    counts,
    reset: async (settings = {}) => {
      await admin.post('/admin/reset', undefined, { params: settings });
    },
    measure: async () => {
      await admin.post('/admin/measure');
    },
    waitForPosts: async (count, timeoutSeconds) => {
      const giveUpAtMs = performance.now() + timeoutSeconds * 1000;
      for (;;) {
        const { posts } = await counts();
        if (posts >= count) return;
        if (performance.now() > giveUpAtMs) throw new Error(`the service got ${posts} of ${count} submits within ${timeoutSeconds} s`);
        await new Promise((resume) => setTimeout(resume, CHECK_EVERY_MS));
      }
    },
    stop: atEnd(async () => {
      await child.stop();
      rmSync(folder, { recursive: true, force: true });
    }),
  };
}

/** Path and body of every submit: an upload whose bytes the service does not check. */
export const SUBMIT_PATH = '/mapData?dataFormat=geojson&api-version=2.0';
export const SUBMIT_BODY = { type: 'FeatureCollection', features: [] };
