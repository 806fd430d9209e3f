/** One wrong use: what is done, and what its message has to say. */
export interface WrongUse {
  /** What is wrong, for the table in docs/wrong-uses.md. */
  use: string;
  /** A line of bash in the folder of the bed; of {@link Section.language} `javascript` a statement with `lro`, of `typescript` a program. */
  typed: string;
  /** The exit code; of JavaScript the class of the error, of TypeScript the compiler's code. */
  code: number | string;
  /** Parts of what is said: what happened, to what, and what to do. */
  says: readonly string[];
  /** What it says is not the same in each run: how often it looked, say. */
  varies?: true;
  /** Ctrl-C, once it has written this. */
  interruptAfter?: RegExp;
}

export interface Section {
  title: string;
  language: 'bash' | 'javascript' | 'typescript';
  rows: readonly WrongUse[];
}

type Row = readonly [use: string, typed: string, code: number | string, says: readonly string[], more?: Partial<WrongUse>];

/** Rows as tables are written. */
export function section(title: string, language: Section['language'], rows: readonly Row[]): Section {
  return { title, language, rows: rows.map(([use, typed, code, says, more = {}]) => ({ use, typed, code, says, ...more })) };
}
