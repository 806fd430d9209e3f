/**
 * What the processes of this project have in common: a log, and an end.
 *
 * Keeps true: whatever ends a process stands in its log, without secrets, and before that all that was said earlier.
 */
import type { Logger } from 'pino';
import { ConfigError } from '../config';
import { LogRedaction } from '../http';
import { openLog, readLogSettings } from './log';
import { processSecrets } from './process-secrets';

export interface Process {
  log: Logger;
  /** What it knows never stands in the log. */
  redaction: LogRedaction;
  /** Is done before the process ends, the last first. */
  atEnd: (work: () => void) => void;
}

/**
 * Runs `main` to its end, and then ends the process.
 * @param codeOf the exit code for what `main` throws: 1 for what nobody has expected, which the log tells with its stack
 */
export function inProcess(main: (process: Process) => Promise<void>, codeOf: (err: unknown) => number): void {
  const redaction = new LogRedaction();
  for (const secret of processSecrets(process.env)) redaction.add(secret);
  const log = openLog(readLogSettings(process.env), redaction.clean);
  const last: (() => void)[] = [];
  const end = (code: number, err?: unknown): never => {
    for (const work of last.reverse()) work();
    if (code !== 0) tell(log, err, code);
    process.exit(code);
  };
  process.on('uncaughtException', (err) => end(1, err));
  main({ log, redaction, atEnd: (work) => last.push(work) }).then(
    () => end(0),
    (err: unknown) => end(codeOf(err), err),
  );
}

function tell(log: Logger, err: unknown, exitCode: number): void {
  if (err instanceof ConfigError) log.fatal({ exitCode, mistakes: err.mistakes }, `configuration refused:\n${err.message}`);
  else if (exitCode === 1) log.fatal({ exitCode, err }, 'the process ends, because of an error that nobody has expected');
  else log.fatal({ exitCode }, err instanceof Error ? err.message : String(err));
}
