/** `durable-lro`: the client and the types that other programs share. */
export { LroClient, type LroClientOptions, type OperationHandle } from './lro-client';
export type { LroConnectOptions } from './connecting';
export type { BatchHandle } from './batches';
export type { ChainHandle } from './chains';
export type { Started, StartOptions, WaitOptions } from './calls';
export {
  describedInput,
  type BodyOrFile,
  type OperationDescription,
  type OperationParameters,
  type OperationSettings,
  type OptionalBodyOrFile,
} from './described-operation';
export {
  BatchCancelledError,
  BatchEndedError,
  BatchError,
  ChainCancelledError,
  ChainError,
  OperationCancelledError,
  OperationError,
  ScheduleError,
  StillRunningError,
  type ScheduleProblem,
} from './errors';
export type { CalendarTimes, DayName, IntervalTimes, MonthName, ScheduleTimes, Times } from './schedule-times';
export {
  DEFAULT_CATCHUP_WINDOW_SECONDS,
  SCHEDULE_OVERLAPS,
  type BackfillOptions,
  type CreateScheduleOptions,
  type ScheduleDescription,
  type ScheduledRun,
  type ScheduleOverlap,
  type ScheduleSummary,
  type UpdateScheduleOptions,
} from './schedule-types';
export { ConfigError } from '../config/mistakes';
export { encryptedData, EncryptionError, KeySource, keysOfEnvironment, type KeyEvents, type Keys } from '../encryption';
export { RUN_KINDS, RUN_STATES, type QueueWorkers, type RunFilter, type RunKind, type RunState, type RunSummary } from './runs';
export { LroSchedules } from './schedules';
export type { FairnessBy } from './priority';
export * from '../contract';
