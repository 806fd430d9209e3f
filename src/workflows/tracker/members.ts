/** Whose the operations of a tracker are. */
import type { Owner } from '../../jobs/tracked';

/** Those that left last: one that is registered late, for the second time, is known. */
const MAX_LEFT = 500;

export class Members {
  /** By the key of the job. */
  private readonly owners = new Map<string, Owner>();
  /** Keys of jobs, by token. */
  private readonly keys = new Map<string, string>();

  /** @param left tokens of those that left last */
  constructor(readonly left: string[] = []) {}

  get count(): number {
    return this.owners.size;
  }

  /** Whether it is here, or was. */
  knows(token: string): boolean {
    return this.keys.has(token) || this.left.includes(token);
  }

  ownerOf(key: string): Owner | undefined {
    return this.owners.get(key);
  }

  /** The key of the job, whose token somebody shows. */
  keyOf(shown: { token?: unknown } | null | undefined): string | undefined {
    return typeof shown?.token === 'string' ? this.keys.get(shown.token) : undefined;
  }

  entries(): [string, Owner][] {
    return [...this.owners];
  }

  add(key: string, owner: Owner): void {
    this.owners.set(key, owner);
    this.keys.set(owner.token, key);
  }

  /** It is with another tracker, or its workflow is closed. */
  remove(key: string): Owner | undefined {
    const owner = this.owners.get(key);
    if (owner === undefined) return undefined;
    this.owners.delete(key);
    this.keys.delete(owner.token);
    return owner;
  }

  /** Its workflow is told. */
  leaves(key: string): Owner | undefined {
    const owner = this.remove(key);
    if (owner === undefined) return undefined;
    this.left.push(owner.token);
    if (this.left.length > MAX_LEFT) this.left.splice(0, this.left.length - MAX_LEFT);
    return owner;
  }
}
