/**
 * What a connection can set about the protocol. Pure data; `src/config` reads and checks it.
 */
import type { Dialect, StatusUrlSettings } from './dialect';
import type { Find } from './find-rules';

/** When to ask. All in seconds; fractions and 0 are allowed. */
export interface PollSettings {
  /** Wait when the service names none. */
  defaultSeconds: number;
  /** Never wait less. */
  minSeconds: number;
  /** Never wait more, whatever the service asks. */
  maxSeconds: number;
  /** A status URL that answers 404 for so long, from the first in a row, and three times at least, is gone. */
  goneAfterSeconds: number;
  /** Answers in a row that make no sense (not JSON, no status, 4xx) before it is a protocol error … */
  maxUnreadable: number;
  /** … and for how long they must have come: a maintenance page passes. */
  unreadableSeconds: number;
  /** For how long 401 and 403 are waited for: the key is broken, not the operation. */
  unauthorizedSeconds: number;
}

/** Status words, compared case-insensitively. */
export interface StatusWords {
  succeeded: readonly string[];
  failed: readonly string[];
  canceled: readonly string[];
  /** Words that say that the work goes on, where they would be taken for a part of a result, or be reported as unknown. */
  running: readonly string[];
}

/** Where requests, and the connection's credentials, may go. */
export interface TrustSettings {
  baseUrl: string;
  /** Host names, `*.example.com` allowed. */
  trustedHosts: readonly string[];
  /** Other hosts that callers may name, for reads without credentials and without callers' headers. Patterns as in `trustedHosts`. */
  attachHosts: readonly string[];
  /** What becomes of other hosts that services name. */
  otherHosts: 'refuse' | 'withoutCredentials';
}

/** Header names that carry the idempotency key of a submit. `Repeatability-First-Sent` goes along with `Repeatability-Request-ID`. */
export const IDEMPOTENCY_HEADERS = ['Operation-Id', 'Repeatability-Request-ID'] as const;
export type IdempotencyHeader = (typeof IDEMPOTENCY_HEADERS)[number];

/** Everything of a connection that decisions depend on. */
export interface ProtocolSettings {
  poll: PollSettings;
  /** Headers that may carry the status URL, in order of preference. */
  statusHeaders: readonly string[];
  /** Added to the built-in words. */
  statusWords: StatusWords;
  trust: TrustSettings;
  statusUrls: StatusUrlSettings;
  /** Query parameter names that carry the connection's credentials: cut from every URL before it is shown or stored. */
  credentialParameters: readonly string[];
  idempotencyHeaders: readonly IdempotencyHeader[];
  /** Absent: Azure's. */
  dialect?: Dialect;
  /** How an operation is found whose submit ended uncertain. Absent: it cannot be. */
  find?: Find;
}

export const DEFAULT_POLL_SETTINGS: PollSettings = {
  defaultSeconds: 5,
  minSeconds: 1,
  maxSeconds: 3600,
  goneAfterSeconds: 60,
  maxUnreadable: 10,
  unreadableSeconds: 300,
  unauthorizedSeconds: 3600,
};

export const DEFAULT_STATUS_URLS: StatusUrlSettings = { through: 'asGiven', resolveBelow: 'origin', credentials: true };

/** [protocol: order of status headers] */
export const DEFAULT_STATUS_HEADERS = ['Operation-Location', 'Azure-AsyncOperation', 'Location'] as const;
