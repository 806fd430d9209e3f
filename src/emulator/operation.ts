/**
 * What an operation is, and what its state is at a moment.
 *
 * Keeps true: state is a function of the record and the clock. Nothing runs in the background, so a restart changes nothing.
 */
import { DateTime } from 'luxon';
import { z } from 'zod';
import type { ODataError } from './answer';

export type OperationStatus = 'NotStarted' | 'Running' | 'Succeeded' | 'Failed' | 'Canceled';
export type TerminalStatus = Exclude<OperationStatus, 'NotStarted' | 'Running'>;

/** The share of an operation's time in which its status is `NotStarted`. */
const notStartedShare = 0.2;

export interface OperationRecord {
  operationId: string;
  /** `creator`, or the name of a dialect. */
  family: string;
  /** Where it was submitted: `/tilesets`. */
  collection: string;
  method: string;
  /** The last segment of its status URL; changes when the URL moves. */
  statusKey: string;
  /** The segment it had before a move that no poll has followed yet. */
  oldStatusKey?: string;
  /** An absolute URL that the next poll is sent to; the operation cannot be read here afterwards. */
  movedTo?: string;
  createdAtMs: number;
  createdText: string;
  durationSeconds: number;
  /** How it ends when its time is over. */
  outcome: TerminalStatus;
  /** Set when it was ended by a cancel or by the admin API. */
  ended?: { status: TerminalStatus; atMs: number };
  error?: ODataError;
  warning?: ODataError;
  properties?: Record<string, unknown>;
  /** Path of what it makes, below the public URL. */
  resourcePath?: string;
  /** A dialect's own result. */
  result?: unknown;
  apiVersion?: string;
  /** Raw `Retry-After`, may hold `{httpDate+N}`; null sends none; absent means the emulator's setting. */
  retryAfter?: string | null;
  /** Stays open until it is ended through the admin API. */
  hold?: boolean;
  /** The monitor answers 404. */
  lost?: boolean;
  /** A poll has been answered with the new URL of the monitor. */
  moveAnnounced?: boolean;
  idempotencyKey?: string;
  /** How many submits led to this operation. */
  submitCount: number;
}

/** A state at a moment, as `GET /_admin/operations` shows it. */
export type OperationView = OperationRecord & { status: OperationStatus };

const odataErrorSchema: z.ZodType<ODataError> = z.lazy(() =>
  z.looseObject({
    code: z.string().optional(),
    message: z.string().optional(),
    target: z.string().optional(),
    details: z.array(odataErrorSchema).optional(),
    innererror: z.record(z.string(), z.unknown()).optional(),
  }),
);

/**
 * How operations behave: defaults of new ones (`POST /_admin/defaults`), the plan of one submit (header `Emulator-Plan`, JSON), or a
 * change of a running one (`POST /_admin/operations/{id}`). `finish` ends a running one now, and is the outcome of a new one.
 */
export const operationPlanSchema = z.strictObject({
  lose: z.boolean().optional(),
  moveTo: z.string().min(1).optional(),
  finish: z.enum(['Succeeded', 'Failed', 'Canceled']).optional(),
  error: odataErrorSchema.optional(),
  warning: odataErrorSchema.optional(),
  durationSeconds: z.number().min(0).optional(),
  retryAfter: z.string().nullable().optional(),
  hold: z.boolean().optional(),
});
export type OperationPlan = z.infer<typeof operationPlanSchema>;

export function statusAt(operation: OperationRecord, nowMs: number): OperationStatus {
  if (operation.ended !== undefined) return operation.ended.status;
  const elapsedMs = nowMs - operation.createdAtMs;
  const durationMs = operation.durationSeconds * 1000;
  if (elapsedMs >= durationMs) return operation.hold === true ? 'Running' : operation.outcome;
  return elapsedMs < durationMs * notStartedShare ? 'NotStarted' : 'Running';
}

export function isTerminal(status: OperationStatus): status is TerminalStatus {
  return status !== 'NotStarted' && status !== 'Running';
}

/** When it ended, or will end if nothing changes. */
export function endsAtMs(operation: OperationRecord): number {
  return operation.ended?.atMs ?? operation.createdAtMs + operation.durationSeconds * 1000;
}

/** The error of an operation that ended badly without one of its own. */
export function errorOf(operation: OperationRecord, status: TerminalStatus): ODataError | undefined {
  if (status === 'Succeeded') return undefined;
  if (status === 'Canceled') return operation.error ?? { code: 'OperationCanceled', message: 'The operation was canceled.' };
  return operation.error ?? { code: 'InternalError', message: 'The operation failed.' };
}

/** `created` as the service prints it; the document and the REST spec show different formats. */
export function createdText(createdAtMs: number, format: 'us' | 'iso'): string {
  const moment = DateTime.fromMillis(Math.floor(createdAtMs), { zone: 'utc', locale: 'en-US' });
  if (format === 'us') return `${moment.toFormat('M/d/yyyy h:mm:ss a')} +00:00`;
  const tenthsOfMicroseconds = String(Math.floor((createdAtMs % 1) * 10_000)).padStart(4, '0');
  return `${moment.toFormat("yyyy-MM-dd'T'HH:mm:ss.SSS")}${tenthsOfMicroseconds}+00:00`;
}

/** Now, in milliseconds since the epoch, with a fraction. */
export function preciseNowMs(): number {
  return performance.timeOrigin + performance.now();
}
