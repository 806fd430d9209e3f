/** What a comparison has found so far: for each tool and setting the figures of all rounds, or why there are none. */
import { median } from '../figures';
import type { Transport } from '../load';
import type { Measured } from '../machine-load';
import type { Tool } from '../tools/tool';
import type { Lateness, Memory, Rate } from './measure';

/** Figures of all rounds. */
export type Rounds<T> = Measured<T>[] | Error;

/** What is found of one tool. */
export interface Found {
  tool: Tool;
  /** By transport and operations, as `rateKey` writes them. */
  rates: Map<string, Rounds<Rate>>;
  lateness?: Rounds<Lateness>;
  memory?: Rounds<Memory>;
  /** It could not be run, or not be started. */
  failure?: string;
}

export function rateKey(transport: Transport, operations: number): string {
  return `${transport} ${operations}`;
}

/** Adds a round; once one has failed, the failure stands. */
export function withRound<T>(rounds: Rounds<T> | undefined, round: Measured<T> | Error): Rounds<T> {
  if (rounds instanceof Error) return rounds;
  return round instanceof Error ? round : [...(rounds ?? []), round];
}

/** The median of each figure by itself, and the most that others used in any round. */
export function medians<T extends object>(rounds: Measured<T>[]): Measured<T> {
  const names = Object.keys(rounds[0]?.figure ?? {}) as (keyof T & string)[];
  const figure = Object.fromEntries(names.map((name) => [name, median(rounds.map((round) => Number(round.figure[name])))]));
  return { figure: figure as T, others: Math.max(...rounds.map(({ others }) => others)) };
}
