/** What a status monitor may be that somebody hands in: a tracker is told of operations by signals, which anybody in the namespace can send. */
import { z } from 'zod';
import type { Monitor } from '../lro/monitor';
import { check, type Checked } from './check';
import { attachShape } from './operation';
import { atMostEntries, oneOf, strict, text } from './terms';

const MAX_COOKIES = 10;
const MAX_COOKIE_CHARS = 4096;
const STYLES = ['monitor', 'location', 'resource', 'deletion', 'unknown'] as const satisfies readonly Monitor['style'][];

const url = text(65_536);
const count = z.int().min(0).max(1e9);
const timeMs = z.number().min(0).max(1e15);
const flag = z.literal(true);
const inARow = strict({ count, sinceMs: timeMs });

const cookie = strict({
  name: text(MAX_COOKIE_CHARS),
  value: z.string().max(MAX_COOKIE_CHARS),
  host: text(256).optional(),
  domain: text(256).optional(),
  path: text(MAX_COOKIE_CHARS).optional(),
  secure: flag.optional(),
});

const monitor = strict({
  connection: text(256),
  statusUrl: url,
  shownUrl: url.optional(),
  style: oneOf(STYLES),
  operationId: text(16_384).optional(),
  finalUrl: url.optional(),
  finalUrlIsChosen: z.boolean().optional(),
  mayFetch: z.boolean().optional(),
  resultAtLocation: flag.optional(),
  makesResource: flag.optional(),
  toldStatus: flag.optional(),
  callsBack: z.undefined().optional(),
  poll: z.undefined().optional(),
  start: z.undefined().optional(),
  resultFile: z.undefined().optional(),
  probe: strict({ resourceLocation: url }).optional(),
  apiVersion: z.string().max(256).optional(),
  headers: attachShape.headers,
  cookies: atMostEntries(MAX_COOKIES, 'cookies', z.array(cookie)).optional(),
  fetchResource: flag.optional(),
  acceptedAtMs: timeMs,
  cancel: z.undefined().optional(),
  tally: strict({
    unreachable: count.optional(),
    unreadable: inARow.optional(),
    unauthorized: inARow.optional(),
    notFound: inARow.optional(),
    held: count.optional(),
  }).optional(),
});

/** A monitor of an operation that is polled by GET and has no file; or every mistake. */
export function checkMonitor(value: Monitor): Checked<unknown> {
  return check(monitor, value, 'monitor');
}
