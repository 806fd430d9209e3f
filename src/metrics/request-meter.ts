/**
 * Counts what a connection sends and what comes back.
 *
 * Keeps true: a call costs a few microseconds, and nothing where the runtime has no metrics: every poll comes by here. What was never sent,
 * because the connection is busy or held, is not counted.
 */
import type { MetricCounter, MetricHistogram } from '@temporalio/common';
import type { TroubleKind } from '../contract';
import type { Exchange } from '../lro/answer';
import { answerKind } from './answer-kind';
import { ANSWER_KINDS, REQUESTS, type AnswerKind, type RequestKind } from './catalog';
import type { Tags } from './meter';

export interface RequestInstruments {
  pollLateness: MetricHistogram;
  submitLatency: MetricHistogram;
  answers: MetricCounter;
  throttles: MetricCounter;
  uncertainSubmits: MetricCounter;
}

/** Of one connection. */
export class RequestMeter {
  private readonly answerTags: Record<RequestKind, Record<AnswerKind, Tags>>;
  private readonly throttleTags: Record<RequestKind, Tags>;

  /** @param instruments absent: nobody counts @param tags of all that is counted */
  constructor(
    private readonly instruments: RequestInstruments | undefined,
    private readonly tags: Tags,
  ) {
    this.throttleTags = byName(REQUESTS, (request) => ({ ...tags, request }));
    this.answerTags = byName(REQUESTS, (request) => byName(ANSWER_KINDS, (kind) => ({ ...tags, request, kind })));
    // From the beginning, so that the first of anything is seen as an increase.
    instruments?.uncertainSubmits.add(0, tags);
    for (const request of REQUESTS) {
      instruments?.throttles.add(0, this.throttleTags[request]);
      for (const kind of ANSWER_KINDS) instruments?.answers.add(0, this.answerTags[request][kind]);
    }
  }

  /** A request that is about to be sent. @param dueAtMs of a poll: since when it was due, in milliseconds since the epoch */
  begin(request: RequestKind, dueAtMs?: number): MeteredRequest {
    return new MeteredRequest(this, request, dueAtMs);
  }

  /** Nobody knows whether the service has accepted it. */
  uncertain(): void {
    this.instruments?.uncertainSubmits.add(1, this.tags);
  }

  /** For {@link MeteredRequest}. */
  leftLate(seconds: number): void {
    this.instruments?.pollLateness.record(seconds, this.tags);
  }

  /** For {@link MeteredRequest}. */
  answered(request: RequestKind, kind: AnswerKind, seconds: number): void {
    if (this.instruments === undefined) return;
    if (request === 'submit') this.instruments.submitLatency.record(seconds, this.tags);
    this.instruments.answers.add(1, this.answerTags[request][kind]);
    if (kind === 'throttled') this.instruments.throttles.add(1, this.throttleTags[request]);
  }
}

/** From its turn to its answer. */
export class MeteredRequest {
  private leftAt: number | undefined;

  constructor(
    private readonly meter: RequestMeter,
    private readonly request: RequestKind,
    private readonly dueAtMs: number | undefined,
  ) {}

  /** It has its turn. */
  readonly leaves = (): void => {
    this.leftAt = performance.now();
    // The clock of the server, by which it was due, may be ahead of this one.
    if (this.dueAtMs !== undefined) this.meter.leftLate(Math.max(0, Date.now() - this.dueAtMs) / 1000);
  };

  /** What came of it. @param trouble that was found in the answer */
  answered(exchange: Exchange, trouble?: TroubleKind): void {
    if (this.leftAt === undefined) return;
    const kind = answerKind(exchange, trouble, Date.now());
    if (kind !== undefined) this.meter.answered(this.request, kind, (performance.now() - this.leftAt) / 1000);
  }
}

/** Where nobody counts. */
export const NO_METER = new RequestMeter(undefined, {});

function byName<Name extends string, T>(names: readonly Name[], of: (name: Name) => T): Record<Name, T> {
  return Object.fromEntries(names.map((name) => [name, of(name)])) as Record<Name, T>;
}
