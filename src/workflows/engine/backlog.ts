/** Inputs of a set that are still to be begun: whole pages of them, and how far the set has come. */
import type { Page } from '../../activities/messages';
import type { Place } from '../../jobs/model';
import { fittingCount } from './due';

export class Backlog {
  private next: Place;

  constructor(
    readonly pages: ReadonlyMap<number, Page>,
    from: Place,
  ) {
    this.next = { ...from };
    this.skipDone();
  }

  /** Inputs of the next page that are left. */
  get left(): number {
    const page = this.pages.get(this.next.page);
    return page === undefined ? 0 : page.count - this.next.index;
  }

  /** The first input that is still to be begun. */
  get from(): Place {
    return { ...this.next };
  }

  /**
   * Takes the next of the page, {@link left} at most, and of these as many as one activity can be given.
   * @param bytesOf what is passed on of one
   */
  take(count: number, bytesOf: (place: Place) => number): Place[] {
    const { page, index } = this.next;
    const places = Array.from({ length: count }, (_, position) => ({ page, index: index + position }));
    const taken = places.slice(0, fittingCount(places, bytesOf));
    this.next = { page, index: index + taken.length };
    this.skipDone();
    return taken;
  }

  /** What travels with a submit, where its page is no part of a manifest. */
  inputOf({ page, index }: Place): unknown {
    const found = this.pages.get(page);
    return found !== undefined && 'items' in found ? found.items[index] : undefined;
  }

  private skipDone(): void {
    for (let page = this.pages.get(this.next.page); page !== undefined && this.next.index >= page.count;) {
      this.next = { page: this.next.page + 1, index: 0 };
      page = this.pages.get(this.next.page);
    }
  }
}
