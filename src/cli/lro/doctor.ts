/** `lro doctor`: looks at all that an operation needs, and says of each what is wrong and what to do about it. */
import type { Command } from 'commander';
import { DEFAULT_TASK_QUEUE } from '../../contract';
import type { Check } from '../doctor/check';
import { checkFileOf, checkKeys, checkNode } from '../doctor/machine';
import { checkService } from '../doctor/services';
import { checkTemporal } from '../doctor/temporal';
import { addCommand, print, type CommonOptions } from './command';
import { configPath, DEFAULT_CONFIG_PATH } from './config';

interface DoctorCommandOptions extends CommonOptions {
  config?: string;
  tokens?: true;
}

/** Something failed; one of them a server that does not answer. */
const FAILED = 1;
const UNREACHABLE = 3;

export function addDoctorCommand(program: Command): void {
  addCommand(program, 'doctor', 'check Node.js, Temporal, its namespace and workers, the keys, and the service of each connection')
    .option('--config <file>', `of the worker (default: LRO_CONFIG, or ${DEFAULT_CONFIG_PATH})`)
    .option('--tokens', 'ask Microsoft Entra ID for a token of each connection that needs one')
    .addHelpText(
      'after',
      '\nExit codes: 0 nothing failed (warnings may be there), 1 something failed, 3 Temporal or a service cannot be reached.',
    )
    .action(doctor);
}

async function doctor(options: DoctorCommandOptions): Promise<void> {
  const taskQueue = options.taskQueue ?? process.env['LRO_TASK_QUEUE'] ?? DEFAULT_TASK_QUEUE;
  const { check: fileCheck, config } = checkFileOf(options.config ?? configPath());
  const connections = Object.values(config?.connections ?? {});
  const [temporal, ...services] = await Promise.all([
    checkTemporal({ taskQueue, fileHash: config?.fileHash, address: options.address, namespace: options.namespace }),
    ...connections.map((connection) => checkService(connection, { tokens: options.tokens === true })),
  ]);
  const checks = [checkNode(), fileCheck, checkKeys(), ...temporal, ...services.flat()];
  const failed = checks.filter(({ state }) => state === 'fail');
  print(options, { ok: failed.length === 0, checks }, ({ checks: all }) => doctorText(all));
  if (failed.length > 0) process.exitCode = failed.some(({ unreachable }) => unreachable) ? UNREACHABLE : FAILED;
}

const WORDS = { ok: 'ok  ', warn: 'WARN', fail: 'FAIL' } as const;

function doctorText(checks: Check[]): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.flatMap(({ name, state, message, remedy }) => {
    const indent = ' '.repeat(width + 8);
    const [first = '', ...more] = message.split('\n');
    const line = `${WORDS[state]}  ${name.padEnd(width)}  ${first}`;
    return [line, ...more.map((text) => `${indent}${text}`), ...(remedy === undefined ? [] : [`${indent}→ ${remedy}`])];
  });
  const count = (wanted: Check['state']): number => checks.filter(({ state }) => state === wanted).length;
  return [...lines, '', `${count('ok')} ok, ${count('warn')} to look at, ${count('fail')} failed`].join('\n');
}
