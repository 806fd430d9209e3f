/** Spans of workflows, activities and HTTP requests, sent by OTLP over HTTP. Loaded only where traces are on. */
import { trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { detectResourcesSync, envDetectorSync, Resource } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import {
  makeWorkflowExporter,
  OpenTelemetryActivityInboundInterceptor,
  OpenTelemetryActivityOutboundInterceptor,
} from '@temporalio/interceptors-opentelemetry/lib/worker';
import { interceptorModules } from '../bundle';
import { CleanSpans } from './clean-spans';
import { AsyncContext } from './async-context';
import { SpanTracer } from './span-tracer';
import type { Traces } from './traced';

const SERVICE_NAME = 'durable-lro';
/** Of one export, at the end of the process. */
const FLUSH_MS = 5000;

export function startTraces(clean: (text: string) => string): Traces {
  const resource = new Resource({ 'service.name': SERVICE_NAME, ...detectResourcesSync({ detectors: [envDetectorSync] }).attributes });
  // Endpoint, headers, timeouts, batch sizes and the sampler are read from the environment by the library.
  const processor = new CleanSpans(new BatchSpanProcessor(new OTLPTraceExporter()), clean);
  const provider = new BasicTracerProvider({ resource, spanProcessors: [processor] });
  provider.register({ contextManager: new AsyncContext() });
  const tracer = trace.getTracer('durable-lro');
  return {
    worker: {
      interceptors: {
        // A bundle that is made already has them.
        ...(__filename.endsWith('.ts') ? { workflowModules: interceptorModules({ traced: true }) } : {}),
        activity: [
          (context) => ({
            inbound: new OpenTelemetryActivityInboundInterceptor(context, { tracer }),
            outbound: new OpenTelemetryActivityOutboundInterceptor(context),
          }),
        ],
      },
      sinks: { exporter: makeWorkflowExporter(processor, resource) },
    },
    tracer: new SpanTracer(tracer),
    close: async () => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, FLUSH_MS)));
      await Promise.race([provider.shutdown().catch(() => undefined), late]);
      clearTimeout(timer);
    },
  };
}
