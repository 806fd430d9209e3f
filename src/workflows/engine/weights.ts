/**
 * About how many bytes jobs add to what is passed on: to what is asked, and to what is carried into the next run.
 *
 * Keeps true: whatever services and callers can make long is counted; a part that stays the same from event to event is measured once.
 */
import type { Job } from '../../jobs/model';

/** Numbers, times and names of fields. */
const SMALL_BYTES = 400;
/** About what a step of a chain adds that is still to come: its room is kept free from the start. */
const STEP_BYTES = 500;

export class Weights {
  private readonly known = new WeakMap<object, number>();

  /** What is passed on to have one job asked, or read for. */
  asked({ step }: Job): number {
    return step.at === 'poll' ? this.ofPart(step.monitor) : step.at === 'fetch' ? this.ofPart(step.fetches[0]) : 0;
  }

  /** What is passed on to have one submitted. @param input of which, where it travels with it */
  submitted({ step, done = [] }: Job, input: unknown): number {
    const cookies = step.at === 'submit' || step.at === 'find' ? this.ofPart(step.cookies) : 0;
    return SMALL_BYTES + cookies + this.ofPart(input) + done.reduce((bytes, one) => bytes + this.ofPart(one), 0);
  }

  /** What one adds to what is carried. */
  of({ step, about, done = [] }: Job): number {
    const steps = ((about?.left?.length ?? 0) + 1) * STEP_BYTES;
    const common = SMALL_BYTES + steps + this.ofPart(about) + done.reduce((bytes, one) => bytes + this.ofPart(one), 0);
    switch (step.at) {
      case 'submit':
      case 'find':
        return common + this.ofPart(step.cookies);
      case 'poll':
        return common + this.ofPart(step.monitor);
      case 'fetch':
        return common + this.ofPart(step.monitor) + this.ofPart(step.outcome) + this.ofPart(step.fetches);
      case 'cleanup':
        return common + this.ofPart(step.before) + this.ofPart(step.end) + this.ofPart(step.requests);
    }
  }

  /** Of anything that is never changed in place. Inputs may be whatever a caller wrote, a text too. */
  ofPart(part: unknown): number {
    if (typeof part !== 'object' || part === null) return jsonBytes(part);
    const known = this.known.get(part);
    if (known !== undefined) return known;
    const bytes = jsonBytes(part);
    this.known.set(part, bytes);
    return bytes;
  }
}

/** Of a value as JSON, in UTF-8. */
export function jsonBytes(value: unknown): number {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) return 0;
  // Nearly always there are no other characters than those of one byte.
  return ASCII.test(text) ? text.length : new TextEncoder().encode(text).length;
}

const ASCII = /^[\u0000-\u007f]*$/;
