/** `lro` against a harness's server and task queue. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../support/config';
import { runLro, type CommandEnd } from '../support/lro-command';
import type { StandInHarness } from '../support/stand-in-harness';

export type Lro = (args: string[], stdin?: string) => Promise<CommandEnd>;

export function lroOf({ address, taskQueue }: Pick<StandInHarness, 'address' | 'taskQueue'>): Lro {
  return (args, stdin) => runLro(args, { TEMPORAL_ADDRESS: address, LRO_TASK_QUEUE: taskQueue }, stdin);
}

/** Runs `lro … --json`, which must succeed. */
export async function lroJson(lro: Lro, args: string[], stdin?: string): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await lro([...args, '--json'], stdin);
  if (code !== 0) throw new Error(`lro ${args.join(' ')} ended with ${code ?? 'a signal'}: ${stderr}`);
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** Path of a file with this content. */
export function fileWith(content: string): string {
  const path = join(temporaryFolder(), 'batch.yaml');
  writeFileSync(path, content);
  return path;
}

/** The stand-in batch as people write it. */
export function batchYaml(does: 'succeed' | 'wait' | 'fail'): string {
  return [
    'items:',
    '  - { id: first, submit: { path: /tilesets } }',
    '  - { id: second, submit: { path: /tilesets } }',
    'defaults:',
    '  connection: maps',
    `  labels: { does: ${does} }`,
  ].join('\n');
}
