/** How an operation is found at its service whose submit ended uncertain, as the worker's file says it. */
import type { Expression, Template } from './expressions';

/** What an entry must have, filled in from the submit that is looked for. */
export interface FindMatch {
  expression: Expression;
  value: Template;
}

/** How an operation is found at the service. In `match` and what comes after it, `$response.body` is one entry. */
export interface Find {
  url: Template;
  /** The list in an answer. Absent: the answer is the one entry, and 404 or 410 mean that there is none. */
  items?: Expression;
  /** The next page of a list. */
  next: readonly Template[];
  /** Of a list, in one look. */
  maxPages: number;
  match: readonly FindMatch[];
  /** An entry that was made before the submit is another's. */
  createdAt?: Expression;
  /** Of an entry; absent: the dialect's own. */
  pollingLocation: readonly Template[];
  operationId?: Template;
  /** After the uncertain end, for what was accepted to be seen; absent: the connection's timeout and 30. */
  settleSeconds?: number;
  /** What is not there was not accepted. */
  absenceIsProof: boolean;
}

export const DEFAULT_MAX_PAGES = 10;
