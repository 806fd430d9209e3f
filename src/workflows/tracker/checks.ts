/**
 * Looks now and then for operations whose workflows were closed without telling: terminated, or timed out. Each is looked for soon after it came,
 * then ever more seldom.
 */
import { sleep } from '@temporalio/workflow';
import type { Owner } from '../../jobs/tracked';
import { trackerCall } from './calls';

const FIRST_MS = 15_000;
const LONGEST_MS = 600_000;
/** One that would be looked for so much later, in parts of its wait, is looked for with the others. */
const EARLY_PART = 0.5;
const MAX_IN_SET = 500;

export class Checks {
  private readonly known = new Map<string, { atMs: number; waitMs: number }>();
  private isPlanned = false;

  /**
   * @param owners of all operations, as they are now
   * @param closed the workflow of one is closed
   */
  constructor(
    private readonly owners: () => Owner[],
    private readonly closed: (token: string) => void,
  ) {}

  /** Where there are operations, it is planned when to look next. */
  plan(): void {
    if (this.isPlanned) return;
    const owners = this.owners();
    if (owners.length === 0) return this.known.clear();
    this.isPlanned = true;
    void this.look(owners)
      .catch(() => undefined)
      .then(() => (this.isPlanned = false));
  }

  private async look(before: readonly Owner[]): Promise<void> {
    const first = Math.min(...before.map(({ token }) => this.of(token).atMs));
    await sleep(Math.max(1000, first - Date.now()), { summary: 'look for workflows that were closed' });
    const owners = this.owners();
    const tokens = new Set(owners.map(({ token }) => token));
    for (const token of this.known.keys()) if (!tokens.has(token)) this.known.delete(token);
    const due = owners.filter(({ token }) => this.isDue(token)).slice(0, MAX_IN_SET);
    if (due.length === 0) return;
    const closed = await trackerCall(`look for ${due.length} workflows`)['lro.closedAmong'](due);
    for (const token of closed) this.closed(token);
    for (const { token } of due) {
      const waitMs = Math.min(LONGEST_MS, this.of(token).waitMs * 2);
      this.known.set(token, { atMs: Date.now() + waitMs, waitMs });
    }
  }

  private of(token: string): { atMs: number; waitMs: number } {
    const known = this.known.get(token) ?? { atMs: Date.now() + FIRST_MS, waitMs: FIRST_MS };
    this.known.set(token, known);
    return known;
  }

  private isDue(token: string): boolean {
    const { atMs, waitMs } = this.of(token);
    return atMs - Date.now() <= waitMs * EARLY_PART;
  }
}
