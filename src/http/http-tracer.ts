/** Who is told of each HTTP request as it goes out, and can send the context of a trace with it. Without a tracer nothing is done. */
import type { Purpose } from './request';
import type { WireOutcome } from './send';

/** One HTTP request on its way. */
export interface TracedRequest {
  connection: string;
  purpose: Purpose;
  method: string;
  /** Without credentials; the query may hold a signature. */
  url: string;
  /** Whether the host gets credentials: only such a one is told of the trace. */
  isTrusted: boolean;
  clientRequestId: string | undefined;
}

export interface HttpTracer {
  /** Sends it. @param send with further headers, whose names are in lower case */
  around(request: TracedRequest, send: (headers: Readonly<Record<string, string>>) => Promise<WireOutcome>): Promise<WireOutcome>;
}

/** Sends, and tells nobody. */
export const NO_TRACER: HttpTracer = { around: (_, send) => send({}) };
