/**
 * What can be sent over a connection, and what is refused before anything is sent.
 */
import { isCredentialHeader, isHeaderName, isHeaderValue, isTransportHeader } from '../config';
import type { BodyFile, HttpMethod, Json } from '../contract';
import type { Answer } from '../lro/answer';
import type { Cookies } from '../lro/cookies';

/** What a request is for: `status` and `resource` are reads that follow redirects, the others change something and never do. */
export type Purpose = 'submit' | 'start' | 'status' | 'resource' | 'cancel';

/** What Azure's services call the caller's id of a request: they keep it in their logs, and most repeat it in the answer. */
export const CLIENT_REQUEST_ID = 'x-ms-client-request-id';

/** A file as it was when somebody looked: another version of it is refused. */
export interface PinnedFile extends BodyFile {
  version?: string;
}

/** Where the whole body of an answer goes, however long it is, besides the beginning of it that is kept in memory. */
export interface BodyTarget {
  /**
   * What takes the body of this answer, which holds the beginning; undefined: nobody wants it. The bytes are what the service sent,
   * decompressed, without the connection's secrets where they are text. It never throws.
   */
  writerOf(answer: Answer): ((bytes: AsyncIterable<Buffer>) => Promise<void>) | undefined;
  /** Ends the reading. */
  signal: AbortSignal;
  /** The time of the exchange begins anew with every piece that comes. */
  untilSilent?: boolean;
}

export interface OutgoingRequest {
  purpose: Purpose;
  method: HttpMethod;
  /** Absolute, without credentials. */
  url: string;
  /** The caller's own; credentials and framing are refused among them. */
  headers?: Readonly<Record<string, string>>;
  /** Who asks, where many operations send to one URL: while the service is busy they take turns by it. Default: method and URL. */
  operation?: string;
  /** Of a submit: while the service refuses the connection's credentials it is held, unless it is the one that tries them. */
  waitsForKey?: boolean;
  /** Of this operation (`lro/cookies`); sent to trusted hosts only, and there where they belong. */
  cookies?: Cookies;
  /** Stands in place of every `{callbackUrl}` in query, headers and JSON, on the wire only: a secret, of which the redactor knows. */
  callbackUrl?: string | undefined;
  body?: { kind: 'json'; value: Json } | { kind: 'file'; file: PinnedFile };
  /** The URL of a cancel request is one that the service has named: it may carry its own credentials, like a status URL. */
  namedByService?: boolean;
  bodyTo?: BodyTarget;
  /** Called when it has its turn, before anything is sent. */
  onTurn?: () => void;
  /** On a new socket: a kept one may die under the request, which would leave it uncertain. */
  freshConnection?: boolean;
  /** Instead of the connection's `limits.timeoutSeconds`. The time of the whole exchange once it has its turn; of a body file, the longest silence. */
  timeoutSeconds?: number;
  /** Of an operation that is known: its id at the service, for the log. */
  operationId?: string | undefined;
  /** Is told the `x-ms-client-request-id` of every try, also of those that get no answer. */
  onSent?: (clientRequestId: string) => void;
  /** Longest wait for the turn; after it the request is refused unsent. Default {@link DEFAULT_QUEUE_SECONDS}. */
  queueSeconds?: number;
}

/** For the concurrency and the rates of the connection alone: what a busy service holds is refused at once. */
export const DEFAULT_QUEUE_SECONDS = 90;

/** The caller's request cannot be sent as it is. Nothing was sent; it would be refused again. */
export class RequestRefusedError extends Error {
  override readonly name = 'RequestRefusedError';

  /** @param header name of the offending header */
  constructor(
    readonly header: string,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Refuses headers that carry credentials, that only the transport may set, or that HTTP cannot carry.
 * The value is never repeated: it may be a secret.
 * @param ownKeyHeader header in which the connection sends its key
 * @throws RequestRefusedError naming the header
 */
export function checkHeaders(headers: Readonly<Record<string, string>>, ownKeyHeader?: string): void {
  for (const [name, value] of Object.entries(headers)) {
    const shownName = JSON.stringify(name.slice(0, 100));
    if (!isHeaderName(name)) throw new RequestRefusedError(name, `header ${shownName} is not a header name`);
    if (isCredentialHeader(name, ownKeyHeader)) {
      throw new RequestRefusedError(name, `header ${shownName} carries credentials, which come from the connection only`);
    }
    if (isTransportHeader(name)) throw new RequestRefusedError(name, `header ${shownName} is set by the worker itself`);
    if (typeof value !== 'string' || !isHeaderValue(value)) {
      throw new RequestRefusedError(
        name,
        `header ${shownName} holds characters that a header cannot carry (control characters, or beyond latin-1)`,
      );
    }
  }
}
