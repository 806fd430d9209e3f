/**
 * When a schedule starts its batches: the plain form that callers write, checked, and Temporal's own form of it.
 *
 * Keeps true: ranges are whole before the SDK sees them (it reads `{ start: 0 }` as 0 to 1); what only the server can know (cron
 * expressions, names of time zones) is left to the server.
 */
import type { CalendarSpec, CalendarSpecDescription, LooseRange, Range, ScheduleSpec, ScheduleSpecDescription } from '@temporalio/client';
import { z } from 'zod';
import { strictObject } from '../config/strict-object';

const DAYS = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'] as const;
const MONTHS = [
  'JANUARY',
  'FEBRUARY',
  'MARCH',
  'APRIL',
  'MAY',
  'JUNE',
  'JULY',
  'AUGUST',
  'SEPTEMBER',
  'OCTOBER',
  'NOVEMBER',
  'DECEMBER',
] as const;
export type DayName = (typeof DAYS)[number];
export type MonthName = (typeof MONTHS)[number];

/** One value, a range with both ends in it, several of them, or `*` for all. */
export type Times<T> = T | { start: T; end?: T; step?: number } | (T | { start: T; end?: T; step?: number })[] | '*';

/** Times of the wall clock in the schedule's time zone at which all fields hold. */
export interface CalendarTimes {
  /** 0 to 59, default 0. */
  second?: Times<number>;
  /** 0 to 59, default 0. */
  minute?: Times<number>;
  /** 0 to 23, default 0. */
  hour?: Times<number>;
  /** 1 to 31, default all. */
  dayOfMonth?: Times<number>;
  /** Default all. */
  month?: Times<MonthName>;
  /** Default all. */
  year?: Times<number>;
  /** Default all. */
  dayOfWeek?: Times<DayName>;
  /** For people. */
  comment?: string;
}

/** Every so many seconds, counted from 1970-01-01T00:00:00Z. */
export interface IntervalTimes {
  everySeconds: number;
  /** Later by so much; default 0. */
  offsetSeconds?: number;
}

/** When a schedule starts a batch: at the times of all of `cron`, `intervals` and `calendars`, without those of `except`. */
export interface ScheduleTimes {
  /** `minute hour dayOfMonth month dayOfWeek`; six fields have the year at the end, seven the second before. */
  cron?: string[];
  intervals?: IntervalTimes[];
  calendars?: CalendarTimes[];
  except?: CalendarTimes[];
  /** IANA name such as `Europe/Berlin`, for `cron` and calendars. Default UTC. */
  timeZone?: string;
  /** Each start is later by a random part of it, so that not everything starts at once. Default 0. */
  jitterSeconds?: number;
  /** ISO 8601 with its offset: no start before. */
  startAt?: string;
  /** ISO 8601 with its offset: no start after. */
  endAt?: string;
}

const strict = <T extends z.core.$ZodShape>(shape: T) => strictObject(shape, 'must be an object');
const text = z.string({ error: 'must be a string' }).min(1, 'must not be empty');
const instant = z.iso.datetime({ offset: true, error: 'must be a time in ISO 8601 with its offset, such as 2026-11-25T02:00:00Z' });

/** A field of a calendar. `orderOf` says which of two values is the later one. */
function field<T extends number | string>(value: z.ZodType<T>, what: string, orderOf: (value: T) => number) {
  const range = strict({
    start: value,
    end: value.optional(),
    step: z.int({ error: 'must be a whole number >= 1' }).min(1, 'must be a whole number >= 1').optional(),
  }).refine(({ start, end = start }) => orderOf(end) >= orderOf(start), 'must not end before it starts');
  const one = z.union([value, range]);
  return z
    .union([one, z.array(one).min(1, 'must not be empty'), z.literal('*')], {
      error: `must be ${what}, { start, end, step }, a list of these, or "*"`,
    })
    .optional();
}

function numbers(min: number, max: number) {
  const what = `a whole number from ${min} to ${max}`;
  const error = `must be ${what}`;
  return field(z.int({ error }).min(min, error).max(max, error), what, (value) => value);
}

/** Names are taken in any case. */
function names<T extends string>(words: readonly [T, ...T[]], what: string) {
  const upperCase = (value: unknown): unknown => (typeof value === 'string' ? value.toUpperCase() : value);
  const name = z.preprocess(upperCase, z.enum(words, { error: `must be ${what} in English, such as ${words[0]}` }));
  return field<T>(name, `${what} in English, such as ${words[0]}`, (value) => words.indexOf(value));
}

const calendar = strict({
  second: numbers(0, 59),
  minute: numbers(0, 59),
  hour: numbers(0, 23),
  dayOfMonth: numbers(1, 31),
  month: names(MONTHS, 'the name of a month'),
  year: numbers(2000, 2100),
  dayOfWeek: names(DAYS, 'the name of a day'),
  comment: text.optional(),
} satisfies Record<keyof CalendarTimes, z.ZodType>);

const calendars = z.array(calendar, { error: 'must be a list of calendars' });
const atLeastZero = z.number({ error: 'must be a number of seconds >= 0' }).min(0, 'must be a number of seconds >= 0');

/** {@link ScheduleTimes}, checked as far as that is possible without the server. */
export const scheduleTimes = strict({
  cron: z.array(text, { error: 'must be a list of cron expressions' }).optional(),
  intervals: z
    .array(
      strict({
        everySeconds: z.number({ error: 'must be a number of seconds >= 1' }).min(1, 'must be a number of seconds >= 1'),
        offsetSeconds: atLeastZero.optional(),
      }).refine(({ everySeconds, offsetSeconds = 0 }) => offsetSeconds < everySeconds, 'must have an offset below its interval'),
      { error: 'must be a list of intervals' },
    )
    .optional(),
  calendars: calendars.optional(),
  except: calendars.optional(),
  timeZone: text.optional(),
  jitterSeconds: atLeastZero.optional(),
  startAt: instant.optional(),
  endAt: instant.optional(),
} satisfies Record<keyof ScheduleTimes, z.ZodType>)
  .refine(
    ({ cron = [], intervals = [], calendars: dates = [] }) => cron.length + intervals.length + dates.length > 0,
    'must name at least one time in "cron", "intervals" or "calendars"',
  )
  .refine(
    ({ startAt, endAt }) => startAt === undefined || endAt === undefined || Date.parse(startAt) <= Date.parse(endAt),
    'must not end before it starts ("startAt", "endAt")',
  );

/** As Temporal takes it. */
export function toTemporalSpec(checked: z.output<typeof scheduleTimes>): ScheduleSpec {
  const times = checked;
  return {
    ...(times.cron && { cronExpressions: times.cron }),
    ...(times.intervals && {
      intervals: times.intervals.map(({ everySeconds, offsetSeconds = 0 }) => ({
        every: everySeconds * 1000,
        offset: offsetSeconds * 1000,
      })),
    }),
    ...(times.calendars && { calendars: times.calendars.map(toTemporalCalendar) }),
    ...(times.except && { skip: times.except.map(toTemporalCalendar) }),
    ...(times.timeZone !== undefined && { timezone: times.timeZone }),
    ...(times.jitterSeconds !== undefined && { jitter: times.jitterSeconds * 1000 }),
    ...(times.startAt !== undefined && { startAt: new Date(times.startAt) }),
    ...(times.endAt !== undefined && { endAt: new Date(times.endAt) }),
  };
}

function toTemporalCalendar({ comment, ...fields }: CalendarTimes): CalendarSpec {
  const whole = Object.entries(fields).map(([name, value]) => [name, wholeRanges(value as Times<number>)] as const);
  return { ...Object.fromEntries(whole), ...(comment !== undefined && { comment }) };
}

function wholeRanges<T extends number | string>(value: Times<T>): LooseRange<T>[] | '*' {
  if (value === '*') return '*';
  return (Array.isArray(value) ? value : [value]).map((one): Range<T> => {
    if (typeof one !== 'object') return { start: one, end: one, step: 1 };
    return { start: one.start, end: one.end ?? one.start, step: one.step ?? 1 };
  });
}

/** As the server knows it: cron expressions have become calendars and intervals there. */
export function fromTemporalSpec(spec: ScheduleSpecDescription): ScheduleTimes {
  return {
    ...(spec.intervals?.length && {
      intervals: spec.intervals.map(({ every, offset }) => ({
        everySeconds: every / 1000,
        ...(offset && { offsetSeconds: offset / 1000 }),
      })),
    }),
    ...(spec.calendars?.length && { calendars: spec.calendars.map(fromTemporalCalendar) }),
    ...(spec.skip?.length && { except: spec.skip.map(fromTemporalCalendar) }),
    ...(spec.timezone && { timeZone: spec.timezone }),
    ...(spec.jitter && { jitterSeconds: spec.jitter / 1000 }),
    ...(spec.startAt && { startAt: spec.startAt.toISOString() }),
    ...(spec.endAt && { endAt: spec.endAt.toISOString() }),
  };
}

/** Fields that say "all" are left out, as in what callers write; so is second 0. */
function fromTemporalCalendar(spec: CalendarSpecDescription): CalendarTimes {
  const second = plainTimes(spec.second);
  return {
    ...(second !== 0 && { second }),
    minute: plainTimes(spec.minute, 60),
    hour: plainTimes(spec.hour, 24),
    ...(!isAll(spec.dayOfMonth, 31) && { dayOfMonth: plainTimes(spec.dayOfMonth) }),
    ...(!isAll(spec.month, 12, (month) => MONTHS.indexOf(month)) && { month: plainTimes(spec.month) }),
    ...(spec.year.length > 0 && { year: plainTimes(spec.year) }),
    ...(!isAll(spec.dayOfWeek, 7, (day) => DAYS.indexOf(day)) && { dayOfWeek: plainTimes(spec.dayOfWeek) }),
    ...(spec.comment && { comment: spec.comment }),
  };
}

/** Whether one range holds all of `size` values. */
function isAll<T>(ranges: Range<T>[], size: number, orderOf: (value: T) => number = Number): boolean {
  return ranges.some(({ start, end, step }) => step === 1 && orderOf(end) - orderOf(start) + 1 === size);
}

function plainTimes<T extends number | string>(ranges: Range<T>[], size?: number): Times<T> {
  if (size !== undefined && isAll(ranges, size)) return '*';
  const plain = ranges.map(({ start, end, step }) => (start === end ? start : { start, end, ...(step !== 1 && { step }) }));
  return plain.length === 1 && plain[0] !== undefined ? plain[0] : plain;
}
