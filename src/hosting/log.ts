/**
 * The log of a worker: one JSON object a line on standard error, or readable text on a terminal.
 */
import { DefaultLogger, type LogEntry, type Logger as TemporalLogger } from '@temporalio/worker';
import pino, { type Logger } from 'pino';
import pretty from 'pino-pretty';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** @param level lines below it are not written */
export function openLog(level: LogLevel): Logger {
  const options = { level, base: undefined, timestamp: pino.stdTimeFunctions.isoTime };
  return process.stderr.isTTY
    ? pino(options, pretty({ destination: 2, sync: true }))
    : pino(options, pino.destination({ fd: 2, sync: true }));
}

/** The same log as Temporal's SDK writes to it. */
export function temporalLogger(log: Logger): TemporalLogger {
  const levels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;
  return new DefaultLogger('TRACE', ({ level, message, meta }: LogEntry) => {
    const error: unknown = meta?.['error'];
    // pino would write an error in this field as {}.
    const fields = error instanceof Error ? { ...meta, error: { name: error.name, message: error.message } } : { ...meta };
    log[levels[level]](fields, message);
  });
}
