/**
 * How much the jobs of a set may come to, whatever services answer: all of them together have to fit into what one run hands to the next.
 *
 * Keeps true: what does not fit is left out where it is only helpful, and told again later where it is not; at least one job can always go on.
 */
import type { Job, JobEvent } from '../../jobs/model';
import { MAX_SUBMIT_FLIGHTS } from './due';
import type { Weights } from './weights';

/** Kept free for what is still to be read of operations that have succeeded. */
const FETCH_BYTES = 400_000;
/** With less room for its answers no activity that submits is begun: the answer to a single submit may be so long. */
const MIN_ANSWER_BYTES = 131_072;
/** Of the room, what cookies of submits that wait may take: they never keep others from being submitted. */
const COOKIES_PART = 0.5;

export class Room {
  private bytes = 0;
  private reserved = 0;
  /** Jobs of which something is still to be read. */
  private fetching = 0;

  /** @param maxBytes of all jobs, as JSON. Infinity: a set of one, which cannot come to much */
  constructor(
    private readonly weights: Weights,
    private readonly maxBytes: number,
  ) {}

  /** Of all jobs. */
  get used(): number {
    return this.bytes;
  }

  /** Whether new jobs may begin. */
  get hasSome(): boolean {
    return this.free >= MIN_ANSWER_BYTES;
  }

  /** A job has taken the place of another; absent: there was none, or is none any more. */
  changed(before: Job | undefined, after: Job | undefined): void {
    if (this.maxBytes === Infinity) return;
    this.bytes += (after === undefined ? 0 : this.weights.of(after)) - (before === undefined ? 0 : this.weights.of(before));
    this.fetching += Number(after?.step.at === 'fetch') - Number(before?.step.at === 'fetch');
  }

  /** Bytes for the answers of an activity that submits, when so many are under way; undefined: there are too few. */
  forAnswers(flights: number): number | undefined {
    if (this.maxBytes === Infinity) return Infinity;
    const bytes = Math.floor(this.free / Math.max(1, MAX_SUBMIT_FLIGHTS - flights));
    return bytes >= MIN_ANSWER_BYTES ? bytes : undefined;
  }

  /** For the answer of a single submit, when nothing else can go on. */
  get forOneAnswer(): number {
    return MIN_ANSWER_BYTES;
  }

  /** Keeps bytes for answers that are under way. @returns a function that gives them back */
  reserve(bytes: number): () => void {
    if (bytes === Infinity) return () => undefined;
    this.reserved += bytes;
    return () => (this.reserved -= bytes);
  }

  /** The event as far as there is room for what it brings. */
  fitting(job: Job, event: JobEvent): JobEvent {
    if (this.maxBytes === Infinity || (event.kind !== 'polled' && event.kind !== 'submitted' && event.kind !== 'lookedAt')) return event;
    const { decision } = event;
    switch (decision?.kind) {
      case 'accepted':
        // It is looked for again.
        return event.kind !== 'lookedAt' || this.weights.ofPart(decision.monitor) <= this.free ? event : { kind: 'lookedAt' };
      case 'running': {
        const { monitor } = decision;
        if (event.kind !== 'polled' || monitor === undefined || job.step.at !== 'poll') return event;
        const more = this.weights.ofPart(monitor) - this.weights.ofPart(job.step.monitor);
        // It is asked as before; the answer brings its news again.
        return more <= 0 || more <= this.free ? event : { kind: 'polled', decision: { ...decision, monitor: undefined } };
      }
      case 'succeeded': {
        const { outcome, fetches } = decision;
        if (event.kind !== 'polled' || fetches === undefined || fetches.length === 0 || this.fetching === 0) return event;
        const more = this.weights.ofPart(outcome) + this.weights.ofPart(fetches);
        // The results of others are read first; it is asked again.
        return more <= this.free + FETCH_BYTES ? event : { kind: 'polled', decision: { kind: 'running', waitSeconds: 1, why: 'backoff' } };
      }
      case 'notAccepted':
      case 'uncertain': {
        if (event.kind !== 'submitted' || decision.cookies === undefined) return event;
        const fits = this.bytes + this.weights.ofPart(decision.cookies) <= this.maxBytes * COOKIES_PART;
        return fits ? event : { ...event, decision: { ...decision, cookies: undefined } };
      }
      default:
        return event;
    }
  }

  private get free(): number {
    return this.maxBytes - FETCH_BYTES - this.bytes - this.reserved;
  }
}
