/**
 * Spans as they leave the process: of a bounded size, and without secrets.
 *
 * Keeps true:
 * 1. Every text of a span goes through here, whoever has put it there: attributes, events (errors with their stacks), its status.
 * 2. Nothing of a workflow's memo, search attributes, results or failures stands in a span: the interceptors put all that a workflow knows of
 *    itself into each of its spans.
 */
import type { Attributes, Context } from '@opentelemetry/api';
import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace-base';

const MAX_TEXT_CHARS = 1024;
const MAX_EVENTS = 16;
/** Of what a workflow knows of itself. */
const WORKFLOW_ATTRIBUTES = new Set(['workflowId', 'runId', 'workflowType', 'firstExecutionRunId', 'taskQueue', 'namespace', 'attempt']);
/** That is among it, and in no other span. */
const WORKFLOW_MARK = 'historyLength';

export class CleanSpans implements SpanProcessor {
  constructor(
    private readonly next: SpanProcessor,
    private readonly clean: (text: string) => string,
  ) {}

  onStart(span: Span, parent: Context): void {
    this.next.onStart(span, parent);
  }

  onEnd(span: ReadableSpan): void {
    const { attributes, events, status } = span;
    this.shorten(attributes);
    events.length = Math.min(events.length, MAX_EVENTS);
    for (const event of events) this.shorten(event.attributes ?? {});
    if (status.message !== undefined) status.message = this.short(status.message);
    this.next.onEnd(span);
  }

  shutdown(): Promise<void> {
    return this.next.shutdown();
  }

  forceFlush(): Promise<void> {
    return this.next.forceFlush();
  }

  private shorten(attributes: Attributes): void {
    const isWorkflow = WORKFLOW_MARK in attributes;
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === 'string') attributes[name] = this.short(value);
      const isKept = typeof value !== 'object' && value !== undefined && (!isWorkflow || WORKFLOW_ATTRIBUTES.has(name));
      // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- the library has no other way to take one away
      if (!isKept) delete attributes[name];
    }
  }

  private short(text: string): string {
    const cleaned = this.clean(text);
    return cleaned.length <= MAX_TEXT_CHARS ? cleaned : `${cleaned.slice(0, MAX_TEXT_CHARS)}…`;
  }
}
