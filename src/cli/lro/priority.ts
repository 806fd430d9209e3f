/** The flags of a priority, for what is started. */
import { Option, type Command } from 'commander';
import type { PriorityOptions } from '../../contract';
import { check } from '../../schema/check';
import { priorityOptions } from '../../schema/priority';
import { toNumber } from './command';
import { UsageError } from './failures';
import { PRIORITY_OPTIONS } from './help';

/** Temporal's own default. */
export const OPERATION_PRIORITY_KEY = 3;

export interface PriorityFlags {
  priorityKey?: number;
  fairnessKey?: string;
  fairnessWeight?: number;
}

/** @param usual the priority key where none is given */
export function addPriorityOptions(command: Command, usual: number): Command {
  const option = (flags: string, description: string): Option => new Option(flags, description).helpGroup(PRIORITY_OPTIONS);
  return command
    .addOption(
      option('--priority-key <n>', `1 goes first to the workers, 5 last (default: ${usual})`).argParser<number | undefined>(toNumber),
    )
    .addOption(option('--fairness-key <text>', 'whose share of the workers it counts for (default: the connection)'))
    .addOption(option('--fairness-weight <n>', 'how many shares that key gets (default: 1)').argParser<number | undefined>(toNumber));
}

/** @throws UsageError with every mistake */
export function readPriority({ priorityKey, fairnessKey, fairnessWeight }: PriorityFlags): PriorityOptions {
  const checked = check(priorityOptions, { priorityKey, fairnessKey, fairnessWeight }, 'priority');
  if (!checked.ok) throw new UsageError(['the priority is not right:', ...checked.mistakes].join('\n  '));
  return checked.value;
}
