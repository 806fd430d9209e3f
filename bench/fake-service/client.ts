/** The benchmark's client of the fake service: starts it, sets how long operations last, and reads its counts. */
import { join } from 'node:path';
import axios from 'axios';
import { startChild } from '../../src/devserver';
import { atEnd } from '../ending';

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
}

export interface FakeService {
  /** Without a slash at its end. */
  url: string;
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
  const child = await startChild({
    name: 'the fake service',
    command: process.execPath,
    args: [join(__dirname, 'main.js')],
    readyLine: /fake service ready at (http\S+)/,
  });
  const url = child.ready?.[1] ?? '';
  const admin = axios.create({ baseURL: url, timeout: ADMIN_TIMEOUT_MS, proxy: false });
  const counts = async (): Promise<Counts> => (await admin.get<Counts>('/admin/counts')).data;
  return {
    url,
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
    }),
  };
}

/** Path and body of every submit: an upload whose bytes the service does not check. */
export const SUBMIT_PATH = '/mapData?dataFormat=geojson&api-version=2.0';
export const SUBMIT_BODY = { type: 'FeatureCollection', features: [] };
