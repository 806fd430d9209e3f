/**
 * Room for submits at connections, which limit their concurrent requests.
 *
 * Keeps true: a place is returned once; no activity waits for a place while it holds others.
 */
import type { Connections } from '../http';
import type { ReadySubmit } from './prepare-submit';

export class Places {
  private readonly open: Set<ReadySubmit>;

  private constructor(
    readonly items: ReadySubmit[],
    private readonly connections: Connections,
  ) {
    this.open = new Set(items);
  }

  /** Places for as many of the submits as their connections have now; waits for some at the first connection only, holding none. */
  static async enter(ready: readonly ReadySubmit[], connections: Connections): Promise<Places> {
    const items: ReadySubmit[] = [];
    for (const name of new Set(ready.map(({ send }) => send.connection))) {
      const own = ready.filter(({ send }) => send.connection === name);
      const connection = connections.get(name);
      // All of a batch wait for the key, or it is one alone.
      const waitsForKey = own.some(({ send }) => send.waitsUnauthorized);
      if (connection === undefined || connection.heldSeconds(waitsForKey) > 0) continue;
      items.push(...own.slice(0, await connection.enter(own.length, items.length === 0, waitsForKey)));
    }
    return new Places(items, connections);
  }

  giveBack(indexes: readonly number[]): void {
    const wanted = new Set(indexes);
    for (const item of this.open) if (wanted.has(item.index)) this.leave(item);
  }

  giveBackAll(): void {
    for (const item of this.open) this.leave(item);
  }

  private leave(item: ReadySubmit): void {
    this.open.delete(item);
    this.connections.get(item.send.connection)?.leave(1);
  }
}
