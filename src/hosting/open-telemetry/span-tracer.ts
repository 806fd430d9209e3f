/**
 * A span for each HTTP request, and the context of its trace for the service [W3C Trace Context; OpenTelemetry, "HTTP spans"].
 *
 * Keeps true: hosts that get no credentials are told nothing of the trace; no query, header or body stands in a span.
 */
import { context, propagation, SpanKind, SpanStatusCode, trace, type Span, type Tracer } from '@opentelemetry/api';
import type { HttpTracer, TracedRequest } from '../../http';

type Send = Parameters<HttpTracer['around']>[1];
type Outcome = Awaited<ReturnType<Send>>;

const MAX_PATH_CHARS = 256;
/** Of what a context is propagated by, what services get: no baggage, which others may have filled. */
const SENT_HEADERS = ['traceparent', 'tracestate'];
/** Of the answer. */
const ID_HEADERS = ['x-ms-request-id', 'request-id', 'x-request-id'];
const MAX_ID_CHARS = 128;

export class SpanTracer implements HttpTracer {
  constructor(private readonly tracer: Tracer) {}

  around({ connection, purpose, method, url, isTrusted, clientRequestId }: TracedRequest, send: Send): Promise<Outcome> {
    const { protocol, hostname, port, pathname } = new URL(url);
    const attributes = {
      'http.request.method': method,
      'url.scheme': protocol.slice(0, -1),
      'url.path': pathname.slice(0, MAX_PATH_CHARS),
      'server.address': hostname,
      'server.port': Number(port === '' ? (protocol === 'https:' ? 443 : 80) : port),
      'lro.connection': connection,
      'lro.purpose': purpose,
      'lro.client_request_id': clientRequestId,
    };
    const span = this.tracer.startSpan(`${method} ${purpose}`, { kind: SpanKind.CLIENT, attributes });
    return context.with(trace.setSpan(context.active(), span), async () => {
      try {
        const outcome = await send(isTrusted ? traceHeaders() : {});
        tell(span, outcome);
        return outcome;
      } finally {
        span.end();
      }
    });
  }
}

function traceHeaders(): Record<string, string> {
  const carrier: Record<string, string> = {};
  propagation.inject(context.active(), carrier);
  return Object.fromEntries(Object.entries(carrier).filter(([name]) => SENT_HEADERS.includes(name)));
}

function tell(span: Span, outcome: Outcome): void {
  if (outcome.kind !== 'answer') {
    span.setAttribute('error.type', outcome.kind);
    span.setStatus({ code: SpanStatusCode.ERROR, message: outcome.reason });
    return;
  }
  const { httpStatus, headers } = outcome;
  span.setAttribute('http.response.status_code', httpStatus);
  const id = ID_HEADERS.map((name) => headers[name]).find((value) => value !== undefined);
  if (id !== undefined) span.setAttribute('lro.request_id', id.slice(0, MAX_ID_CHARS));
  if (httpStatus < 400) return;
  span.setAttribute('error.type', String(httpStatus));
  span.setStatus({ code: SpanStatusCode.ERROR });
}
