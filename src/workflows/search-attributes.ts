/**
 * The search attributes of a workflow.
 *
 * Keeps true:
 * 1. They are written on change only, and only those that the namespace has: a task that writes any other fails for ever.
 * 2. What is known of the namespace is asked again before it is relied on after a while, and nothing is written until the answer is there.
 */
import { defineSearchAttributeKey } from '@temporalio/common';
import { CancellationScope, condition, proxyActivities, upsertSearchAttributes } from '@temporalio/workflow';
import type { ActivityOptions } from '@temporalio/workflow';
import type { LearntSettings, LroActivities } from '../activities/messages';
import { SEARCH_ATTRIBUTES } from '../contract';

type Values = Partial<Record<keyof typeof SEARCH_ATTRIBUTES, string>>;

/** A keyword's limit is 2 KB in every visibility store. */
const MAX_CHARS = 512;

/** They are not essential: where nobody can tell, the workflow goes without. */
const ASKING: ActivityOptions = {
  startToCloseTimeout: '10 seconds',
  scheduleToCloseTimeout: '30 seconds',
  retry: { maximumAttempts: 3 },
  summary: 'which search attributes are registered',
};

/** Search attributes as one run hands them to the next. Plain JSON. */
export interface CarriedAttributes {
  settings: LearntSettings;
  written: Record<string, string>;
}

export class SearchAttributes {
  private values: Values = {};
  private isAsking = false;

  /** @param written by the run before */
  constructor(
    private learnt: LearntSettings,
    private written: Readonly<Record<string, string>> = {},
  ) {
    this.learnt = { ...learnt, searchAttributesAtMs: learnt.searchAttributesAtMs ?? Date.now() };
  }

  /** What the next run needs of those of this one, once all is written. Not to be cut by a cancellation. */
  static async carried(attributes: SearchAttributes | undefined): Promise<CarriedAttributes> {
    await attributes?.settled();
    return { settings: attributes?.learnt ?? { searchAttributes: [] }, written: attributes?.written ?? {} };
  }

  /** These are the values now. */
  show(values: Values): void {
    this.values = values;
    this.write();
  }

  /** Waits until the latest values are written. Nothing is written after the workflow has closed. Not cut by a cancellation. */
  async settled(): Promise<void> {
    if (this.isAsking) await CancellationScope.nonCancellable(() => condition(() => !this.isAsking));
  }

  private write(): void {
    const changed = this.changed();
    if (changed.length === 0 || this.isAsking) return;
    if (this.isOld()) {
      void this.ask();
      return;
    }
    const now: [string, string | null][] = [...Object.entries(this.written), ...changed];
    const entries = Object.entries(Object.fromEntries(now)).filter((entry): entry is [string, string] => entry[1] !== null);
    this.written = Object.fromEntries(entries);
    upsertSearchAttributes(changed.map(([name, value]) => ({ key: defineSearchAttributeKey(SEARCH_ATTRIBUTES[name], 'KEYWORD'), value })));
  }

  /** Registered ones whose values are not those that were written; null: it goes. */
  private changed(): [keyof Values, string | null][] {
    return (Object.entries(this.values) as [keyof Values, string | undefined][]).flatMap(([name, value]) => {
      // Trouble passes; whatever else is not known now stays as it was.
      const kept = value?.slice(0, MAX_CHARS) ?? (name === 'trouble' && this.written[name] !== undefined ? null : undefined);
      const isNew = kept !== undefined && this.written[name] !== kept && this.learnt.searchAttributes.includes(SEARCH_ATTRIBUTES[name]);
      return isNew ? [[name, kept] as [keyof Values, string | null]] : [];
    });
  }

  private isOld(): boolean {
    const { searchAttributesAtMs = 0, searchAttributesForSeconds = Infinity } = this.learnt;
    return Date.now() - searchAttributesAtMs > searchAttributesForSeconds * 1000;
  }

  /** Never throws. */
  private async ask(): Promise<void> {
    this.isAsking = true;
    let searchAttributes: string[] = [];
    try {
      searchAttributes = await CancellationScope.nonCancellable(() => proxyActivities<LroActivities>(ASKING)['lro.searchAttributes']());
    } catch {
      // Asked again when there is something to write after a while.
    }
    this.learnt = { ...this.learnt, searchAttributes, searchAttributesAtMs: Date.now() };
    this.isAsking = false;
    this.write();
  }
}
