/**
 * What `lro dev` does: starts Temporal, the emulator and the worker, says where they are, and ends them.
 *
 * Keeps true: however it ends, nothing that it started is left. It ends with 0 after Ctrl-C or SIGTERM, with 1 when one of them ended by
 * itself, and says which one and why.
 */
import { once } from 'node:events';
import pc from 'picocolors';
import { describeExit, lastLines } from '../../devserver';
import { UsageError } from '../lro/failures';
import { forTerminal } from '../lro/terminal';
import { firstSteps } from './first-steps';
import { DevProcesses, type DevOptions } from './processes';
import { TaskList } from './task-list';

export async function runDev(options: DevOptions): Promise<number> {
  const tasks = new TaskList();
  const interrupted = new AbortController();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const interrupt = (): void => interrupted.abort();
  for (const signal of signals) process.on(signal, interrupt);
  const stopped = once(interrupted.signal, 'abort').then(() => 'stopped' as const);

  const processes = new DevProcesses(options, tasks);
  try {
    const outcome = await Promise.race([processes.start(), stopped]);
    if (outcome === 'stopped') return 0;
    tasks.close();
    tasks.say(`\n${firstSteps(outcome, options)}\n`);
    const ended = await Promise.race([processes.firstEnd, stopped]);
    if (ended === 'stopped') {
      tasks.say('ending what was started …');
      return 0;
    }
    const output = lastLines(ended.output);
    const why = output === '' ? '' : `. Its last lines:\n${output}`;
    process.stderr.write(`${forTerminal(`${ended.name} ${describeExit(ended.exit)}, so all of it ends${why}`)}\n`);
    return 1;
  } catch (err) {
    tasks.close();
    // The signal ends children, too, and what they were asked for fails.
    if (interrupted.signal.aborted) return 0;
    if (err instanceof UsageError) throw err;
    process.stderr.write(`${pc.red('lro dev could not start')}: ${forTerminal(err instanceof Error ? err.message : String(err))}\n`);
    return 1;
  } finally {
    tasks.close();
    await processes.stop();
    for (const signal of signals) process.off(signal, interrupt);
  }
}
