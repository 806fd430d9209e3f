/** What is to go out in sets: each is sent again until it has arrived. */
import { CancellationScope } from '@temporalio/workflow';
import { fittingCount } from '../engine/due';
import { jsonBytes } from '../engine/weights';

/** Sets under way, and what one holds. */
const MAX_FLIGHTS = 2;
const MAX_IN_SET = 200;

export class Outbox<T> {
  private readonly waiting: T[] = [];
  private flights = 0;

  /**
   * @param send never fails for good
   * @param landed is called after each set
   */
  constructor(
    private readonly send: (set: T[]) => Promise<void>,
    private readonly landed: () => void,
  ) {}

  get isEmpty(): boolean {
    return this.waiting.length === 0 && this.flights === 0;
  }

  add(one: T): void {
    this.waiting.push(one);
    // What else is added now goes with it.
    void Promise.resolve().then(() => this.next());
  }

  private next(): void {
    if (this.flights >= MAX_FLIGHTS || this.waiting.length === 0) return;
    const most = this.waiting.slice(0, MAX_IN_SET);
    const set = this.waiting.splice(0, fittingCount(most, jsonBytes));
    this.flights++;
    void CancellationScope.nonCancellable(() => this.send(set)).then(() => {
      this.flights--;
      this.landed();
      this.next();
    });
  }
}
