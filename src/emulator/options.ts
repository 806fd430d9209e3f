/** The emulator's options and their defaults. */
import { z } from 'zod';

/** Everything is optional; see the defaults. Durations are seconds. */
export const emulatorOptionsSchema = z.strictObject({
  /** Address to listen on. */
  host: z.string().default('127.0.0.1'),
  /** 0: any free port. */
  port: z.number().int().min(0).max(65535).default(0),
  /** SQLite file that holds all state, or `:memory:`. */
  databasePath: z.string().min(1).default(':memory:'),
  /** Duration of a new operation from its acceptance to its end. */
  operationSeconds: z.number().min(0).default(2),
  /** `Retry-After` on the 202 and on polls that find the operation open; null sends none. */
  retryAfterSeconds: z.number().int().min(0).nullable().default(1),
  /** When set (or `tokens`), requests without one of them get 401. */
  subscriptionKeys: z.array(z.string().min(1)).default([]),
  /** Accepted after `Authorization: Bearer` and `Authorization: jwt-sas`. */
  tokens: z.array(z.string().min(1)).default([]),
  /** Of the admin API, after `Authorization: Bearer`. Without one (or empty) that API answers this machine only. */
  adminToken: z.string().optional(),
  /** What status URLs and resource locations start with; default: `http://` and the request's Host. */
  publicUrl: z.url().optional(),
  /** Base URL of the monitor of Graph's copy dialect; default: this server by its other loopback name. */
  monitorUrl: z.url().optional(),
  /** The header that carries Creator's status URL. */
  statusHeader: z.enum(['Operation-Location', 'Location', 'both']).default('Operation-Location'),
  /** Creator's document prints `Resource-Location` inside double quotes. */
  quoteResourceLocation: z.boolean().default(true),
  /** Whether status URLs carry `api-version`; the service wants it on every poll in any case. */
  apiVersionInStatusUrl: z.boolean().default(true),
  /** `us` is `3/11/2020 8:45:13 PM +00:00`, `iso` is `2021-05-06T07:55:19.5256829+00:00`; `alternate` changes with every operation. */
  createdFormat: z.enum(['us', 'iso', 'alternate']).default('alternate'),
  /** Whether a repeated idempotency key finds the operation it made before. */
  idempotency: z.boolean().default(true),
  /** Whether `POST /mapData` answers 200 with the finished operation at once. */
  immediateUpload: z.boolean().default(false),
  /** Larger uploads get 413. */
  maxUploadBytes: z
    .number()
    .int()
    .positive()
    .default(1024 ** 3),
  /** How long a finished operation's monitor and result can be read; afterwards 404. */
  retentionSeconds: z.number().min(0).default(86_400),
  /** How many requests are kept in the log; older ones are removed, their counts of submits are not. */
  maxRecordedRequests: z.number().int().positive().default(200_000),
});

/** What a caller gives. */
export type EmulatorOptions = z.input<typeof emulatorOptionsSchema>;

/** The same with every default filled in. */
export type EmulatorSettings = z.output<typeof emulatorOptionsSchema>;
