/**
 * What came back of one HTTP request, as plain data: the input of every decision.
 *
 * Keeps true: no decision is taken here, and no secret of the connection stands in `url`.
 */

/** Body as read, up to the connection's limit. */
export interface AnswerBody {
  text: string;
  /** Absent when the body was read whole. `limit`: reading stopped at the size limit; `connection`: the other side stopped sending. */
  cutBy?: 'limit' | 'connection';
}

/** An HTTP answer. */
export interface Answer {
  kind: 'answer';
  method: string;
  /** The URL that answered, without the connection's credential parameters. */
  url: string;
  httpStatus: number;
  /** Names in lower case; of a repeated header the first value. */
  headers: Readonly<Record<string, string>>;
  /** Raw `Set-Cookie` values, when there are any and the host is trusted. */
  setCookies?: readonly string[];
  body: AnswerBody;
}

/** No answer came. */
export interface NoAnswer {
  kind: 'noAnswer';
  method: string;
  url: string;
  /** False only when the request provably never left (refused, DNS, TLS): then the service cannot have seen it. */
  maybeSent: boolean;
  /** For people, without secrets: `connection refused by 127.0.0.1:8080`. */
  reason: string;
  /** How long the connection itself wants it to wait, where it does; and why, unless the service has no room. */
  waitSeconds?: number;
  trouble?: 'Unauthorized';
}

/** The request was not made, because its URL (or the place a redirect points to) is not trusted. */
export interface Untrusted {
  kind: 'untrusted';
  url: string;
  reason: string;
}

/** The connection's own credentials could not be had (token service down, file missing). The request was not made. */
export interface NoCredentials {
  kind: 'noCredentials';
  url: string;
  reason: string;
}

/** 408, 425, 429 and 5xx: the service cannot answer now, which says nothing of what was asked. [protocol.md section 4] */
export function passesByItself(httpStatus: number): boolean {
  return httpStatus === 408 || httpStatus === 425 || httpStatus === 429 || httpStatus >= 500;
}

export type Exchange = Answer | NoAnswer | Untrusted | NoCredentials;
