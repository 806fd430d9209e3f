/** The flags of a priority, for what is started. */
import type { Command } from 'commander';
import type { PriorityOptions } from '../../contract';
import { check } from '../../schema/check';
import { priorityOptions } from '../../schema/priority';
import { toNumber } from './command';
import { UsageError } from './failures';

export interface PriorityFlags {
  priorityKey?: number;
  fairnessKey?: string;
  fairnessWeight?: number;
}

export function addPriorityOptions(command: Command): Command {
  return command
    .option('--priority-key <n>', 'where tasks wait for workers: 1 is first, 5 last (default: 4, operations have 3)', toNumber)
    .option('--fairness-key <text>', 'whose share of the workers it counts for (default: the connection)')
    .option('--fairness-weight <n>', 'how many shares that key gets (default: 1)', toNumber);
}

/** @throws UsageError with every mistake */
export function readPriority({ priorityKey, fairnessKey, fairnessWeight }: PriorityFlags): PriorityOptions {
  const checked = check(priorityOptions, { priorityKey, fairnessKey, fairnessWeight }, 'priority');
  if (!checked.ok) throw new UsageError(['the priority is not right:', ...checked.mistakes].join('\n  '));
  return checked.value;
}
