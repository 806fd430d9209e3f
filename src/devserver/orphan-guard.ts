/**
 * Ends all children when this process ends, for whatever reason.
 *
 * Two mechanisms, because neither covers every case:
 * - the `exit` hook, for a normal end and for an uncaught exception;
 * - a watchdog shell for each child, for ends that run no JavaScript (Ctrl-C and SIGTERM without a handler, SIGKILL, a crash). It reads from a
 *   pipe that only this process holds, and that ends with this process.
 *
 * Invariant: only process groups that `startChild` made are ever signalled.
 */
import { spawn } from 'node:child_process';
import { Socket } from 'node:net';

/** Where there are process groups a signal reaches grandchildren too; Windows has none. */
export const hasProcessGroups = process.platform !== 'win32';

// SIGTERM first, so that a database file is closed in order; SIGKILL after two seconds.
const WATCHDOG_SCRIPT = 'read -r done_line || { kill -s TERM -- "-$1"; sleep 2; kill -s KILL -- "-$1"; } 2>/dev/null';

const guardedPids = new Set<number>();

/** Sends `signal` to the group that `pid` leads; false when no process of it is left. */
export function signalGroup(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(hasProcessGroups ? -pid : pid, signal);
    return true;
  } catch {
    return false;
  }
}

function killAllGuarded(): void {
  for (const pid of guardedPids) signalGroup(pid, 'SIGKILL');
}

/** Guards the process group of `pid` until the returned function is called, which must happen as soon as the child has ended. */
export function guardAgainstOrphan(pid: number): () => void {
  if (guardedPids.size === 0) process.on('exit', killAllGuarded);
  guardedPids.add(pid);
  const dismissWatchdog = hasProcessGroups ? startWatchdog(pid) : () => undefined;
  return () => {
    guardedPids.delete(pid);
    if (guardedPids.size === 0) process.off('exit', killAllGuarded);
    dismissWatchdog();
  };
}

function startWatchdog(pid: number): () => void {
  // Detached, because Ctrl-C would end the watchdog together with this process.
  const watchdog = spawn('/bin/sh', ['-c', WATCHDOG_SCRIPT, 'watchdog', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  // Without a shell there is only the exit hook, which is no reason to fail.
  watchdog.on('error', () => undefined);
  watchdog.stdin.on('error', () => undefined);
  watchdog.unref();
  if (watchdog.stdin instanceof Socket) watchdog.stdin.unref();
  return () => watchdog.stdin.end('done\n');
}
