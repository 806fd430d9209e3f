/**
 * What a connection can set about the protocol. Pure data; `src/config` reads and checks it.
 */

/** When to ask. All in seconds; fractions and 0 are allowed. */
export interface PollSettings {
  /** Wait when the service names none. */
  defaultSeconds: number;
  /** Never wait less. */
  minSeconds: number;
  /** Never wait more, whatever the service asks. */
  maxSeconds: number;
  /** A status URL that answers 404 for so long after acceptance is gone, not "not visible yet". */
  goneAfterSeconds: number;
  /** Answers in a row that make no sense (not JSON, no status, 4xx) before it is a protocol error. */
  maxUnreadable: number;
}

/** Status words, compared case-insensitively. */
export interface StatusWords {
  succeeded: readonly string[];
  failed: readonly string[];
  canceled: readonly string[];
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
  /** Query parameters added to every submit, and to status URLs that lack them (no credentials among them). */
  query: Readonly<Record<string, string>>;
  /** Query parameter names that carry the connection's credentials: cut from every URL before it is shown or stored. */
  credentialParameters: readonly string[];
  idempotencyHeaders: readonly IdempotencyHeader[];
}

export const DEFAULT_POLL_SETTINGS: PollSettings = {
  defaultSeconds: 5,
  minSeconds: 1,
  maxSeconds: 3600,
  goneAfterSeconds: 60,
  maxUnreadable: 10,
};

/** [protocol: order of status headers] */
export const DEFAULT_STATUS_HEADERS = ['Operation-Location', 'Azure-AsyncOperation', 'Location'] as const;
