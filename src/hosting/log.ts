/**
 * The log of the project's processes: one JSON object a line on standard error, or text for people.
 *
 * Keeps true:
 * 1. What Temporal's SDK, its native core, workflows and activities say stands in it like the process's own lines.
 * 2. A line that is written in the course of an activity names its workflow.
 * 3. No secret that the process knows stands in it (`log-lines.ts`), in errors and their stacks neither.
 */
import { asyncLocalStorage as activityContext } from '@temporalio/activity';
import { DefaultLogger, type LogEntry, type Logger as TemporalLogger, type RuntimeOptions } from '@temporalio/worker';
import pino, { type Logger } from 'pino';
import pretty from 'pino-pretty';
import { z } from 'zod';
import { errorFields } from './log-errors';
import { writtenLine } from './log-lines';

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
const LOG_FORMATS = ['json', 'pretty'] as const;

/** What the environment says about the log. */
export interface LogSettings {
  /** Lines below it are not written. */
  level: LogLevel;
  /** `json`: an object a line; `pretty`: for people. Default: for people on a terminal. */
  format?: (typeof LOG_FORMATS)[number] | undefined;
}

/** The part of the environment that sets the log. */
export const logVariables = {
  LRO_LOG_LEVEL: z.enum(LOG_LEVELS, { error: `must be one of ${LOG_LEVELS.join(', ')}` }).default('info'),
  LRO_LOG_FORMAT: z.enum(LOG_FORMATS, { error: `must be one of ${LOG_FORMATS.join(', ')}` }).optional(),
};

/** The log as far as the environment says what can be: for what is wrong in the rest of it. */
export function readLogSettings(env: NodeJS.ProcessEnv): LogSettings {
  const level = logVariables.LRO_LOG_LEVEL.safeParse(env['LRO_LOG_LEVEL']);
  const format = logVariables.LRO_LOG_FORMAT.safeParse(env['LRO_LOG_FORMAT']);
  return { level: level.data ?? 'info', format: format.data };
}

/** What the SDK's core says of the question of `temporal-watch.ts`, which tells of its answer itself. */
const OWN_QUESTION = 'gRPC call get_system_info retried';

/** When the line was made that is written now, in milliseconds since the epoch; undefined: now. */
let madeAtMs: number | undefined;

/** @param clean masks secrets, see `LogRedaction` */
export function openLog({ level, format }: LogSettings, clean: (text: string) => string): Logger {
  const forPeople = format === undefined ? process.stderr.isTTY : format === 'pretty';
  const out = forPeople
    ? // The message of a refusal has all its mistakes.
      pretty({
        destination: 2,
        sync: true,
        ignore: 'mistakes,exitCode',
        colorize: process.stderr.isTTY && process.env['NO_COLOR'] === undefined,
      })
    : pino.destination({ fd: 2, sync: true });
  const options: pino.LoggerOptions = {
    level,
    base: undefined,
    timestamp: () => `,"time":"${new Date(madeAtMs ?? Date.now()).toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: errorFields, error: errorFields },
    mixin: workflowFields,
  };
  return pino(options, { write: (line: string) => void out.write(writtenLine(line, clean)) });
}

/** Of the activity in whose course a line is written. What the line itself says goes before. */
function workflowFields(): object {
  const { activityType, attempt, workflowExecution } = activityContext.getStore()?.info ?? {};
  return workflowExecution === undefined ? {} : { ...workflowExecution, activityType, attempt };
}

/** A line that is written whatever the level: others wait for it. */
export function announce(log: Logger, fields: object, line: string): void {
  log.child({}, { level: 'info' }).info(fields, line);
}

/** For the SDK's runtime: what it and its core say goes to this log. */
export function runtimeLogging(log: Logger): RuntimeOptions & { telemetryOptions: object } {
  const filter = { core: log.isLevelEnabled('trace') ? 'INFO' : 'WARN', other: 'ERROR' } as const;
  return { logger: temporalLogger(log), telemetryOptions: { logging: { forward: {}, filter } } };
}

/** The same log as Temporal's SDK writes to it. Lines come up to 200 ms late, and keep their own time. */
function temporalLogger(log: Logger): TemporalLogger {
  const levels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;
  return new DefaultLogger('TRACE', ({ level, message, meta, timestampNanos }: LogEntry) => {
    if (!log.isLevelEnabled(levels[level]) || message.startsWith(OWN_QUESTION)) return;
    madeAtMs = Number(timestampNanos / 1_000_000n);
    try {
      // Of tasks that cannot be decoded the SDK tells all that is in them, payloads as well.
      log[levels[level]]({ ...meta, task: undefined, taskEncoded: undefined }, message);
    } finally {
      madeAtMs = undefined;
    }
  });
}
