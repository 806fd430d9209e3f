/** Inputs of a set that are still to be begun: whole pages of them, and how far the set has come. */
import type { Page } from '../../activities/messages';
import type { Place } from '../../jobs/model';

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

  /** Those of the next page, as many as {@link take} would take. */
  first(count: number): Place[] {
    const { page, index } = this.next;
    return Array.from({ length: count }, (_, position) => ({ page, index: index + position }));
  }

  /** Takes so many of the next page, {@link left} at most. */
  take(count: number): Place[] {
    const places = this.first(count);
    this.next = { page: this.next.page, index: this.next.index + count };
    this.skipDone();
    return places;
  }

  private skipDone(): void {
    for (let page = this.pages.get(this.next.page); page !== undefined && this.next.index >= page.count;) {
      this.next = { page: this.next.page + 1, index: 0 };
      page = this.pages.get(this.next.page);
    }
  }
}
