/** What `lro doctor` has found out of one thing. */

/** `ok`; `warn`: works, but not all of it; `fail`: does not work. */
export type CheckState = 'ok' | 'warn' | 'fail';

export interface Check {
  /** What was looked at: `Temporal`, `connection "maps"`. */
  name: string;
  state: CheckState;
  /** What is so. Never a secret. */
  message: string;
  /** What a person does about it. */
  remedy?: string;
  /** Set where a server did not answer. */
  unreachable?: true;
}

export const ok = (name: string, message: string): Check => ({ name, state: 'ok', message });
export const warn = (name: string, message: string, remedy: string): Check => ({ name, state: 'warn', message, remedy });
export const fail = (name: string, message: string, remedy: string): Check => ({ name, state: 'fail', message, remedy });
/** A server that did not answer. */
export const away = (name: string, message: string, remedy: string): Check => ({ ...fail(name, message, remedy), unreachable: true });
