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
/** A time as callers write it. */
export const instant = z.iso.datetime({ offset: true, error: 'must be a time in ISO 8601 with its offset, such as 2026-11-25T02:00:00Z' });

/** A field of a calendar. `orderOf` orders its values. */
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

/** Names in upper or lower case. */
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

/** The same as Temporal's own type. */
export function toTemporalSpec(checked: z.output<typeof scheduleTimes>): ScheduleSpec {
  const { cron, intervals, calendars: dates, except, timeZone, jitterSeconds, startAt, endAt } = checked;
  return {
    cronExpressions: cron?.map(rememberingItself),
    intervals: intervals?.map(({ everySeconds, offsetSeconds = 0 }) => ({ every: everySeconds * 1000, offset: offsetSeconds * 1000 })),
    calendars: dates?.map(toTemporalCalendar),
    skip: except?.map(toTemporalCalendar),
    timezone: timeZone,
    jitter: jitterSeconds === undefined ? undefined : jitterSeconds * 1000,
    startAt: startAt === undefined ? undefined : new Date(startAt),
    endAt: endAt === undefined ? undefined : new Date(endAt),
  };
}

/** A comment of a cron expression stays with the calendar that the server makes of it. */
const CRON_MARK = 'cron ';

/** As it was written, after the server has made a calendar of it. Intervals (`@every`) have no comments; who wrote one keeps it. */
function rememberingItself(expression: string): string {
  const written = expression.trim();
  return written.includes('#') || written.startsWith('@every') ? written : `${written} # ${CRON_MARK}${written}`;
}

function toTemporalCalendar({ comment, ...fields }: CalendarTimes): CalendarSpec {
  const given = Object.entries(fields as Record<string, Times<number> | undefined>);
  const whole = given.map(([name, value]) => [name, value === undefined ? undefined : wholeRanges(value)] as const);
  return { ...Object.fromEntries(whole), comment };
}

function wholeRanges<T extends number | string>(value: Times<T>): LooseRange<T>[] | '*' {
  if (value === '*') return '*';
  return (Array.isArray(value) ? value : [value]).map((one): Range<T> => {
    if (typeof one !== 'object') return { start: one, end: one, step: 1 };
    return { start: one.start, end: one.end ?? one.start, step: one.step ?? 1 };
  });
}

/** Times after a change: new starts take the place of all that there were. */
export function changedTimes(now: ScheduleTimes, { cron, intervals, calendars: dates, ...change }: ScheduleTimes = {}): ScheduleTimes {
  const given = Object.entries(change).filter(([, value]: [string, unknown]) => value !== undefined);
  const namesStarts = cron !== undefined || intervals !== undefined || dates !== undefined;
  return { ...now, ...(namesStarts ? { cron, intervals, calendars: dates } : {}), ...Object.fromEntries(given) };
}

/** Of what the server stores: cron expressions have become calendars there, which remember them, and `@every` intervals. */
export function fromTemporalSpec(spec: ScheduleSpecDescription): ScheduleTimes {
  const isCron = ({ comment }: CalendarSpecDescription): boolean => comment?.startsWith(CRON_MARK) === true;
  return {
    cron: listOf(spec.calendars?.filter(isCron), ({ comment = '' }) => comment.slice(CRON_MARK.length)),
    intervals: listOf(spec.intervals, ({ every, offset }) => ({
      everySeconds: every / 1000,
      offsetSeconds: offset ? offset / 1000 : undefined,
    })),
    calendars: listOf(
      spec.calendars?.filter((one) => !isCron(one)),
      fromTemporalCalendar,
    ),
    except: listOf(spec.skip, fromTemporalCalendar),
    timeZone: spec.timezone || undefined,
    jitterSeconds: spec.jitter ? spec.jitter / 1000 : undefined,
    startAt: spec.startAt?.toISOString(),
    endAt: spec.endAt?.toISOString(),
  };
}

/** The server has empty lists where callers write none. */
function listOf<T, R>(list: T[] | undefined, of: (one: T) => R): R[] | undefined {
  return list?.length ? list.map(of) : undefined;
}

/** Fields that match everything are left out, as callers leave them out; so is second 0. */
function fromTemporalCalendar(spec: CalendarSpecDescription): CalendarTimes {
  const second = plainTimes(spec.second);
  return {
    second: second === 0 ? undefined : second,
    minute: plainTimes(spec.minute, 60),
    hour: plainTimes(spec.hour, 24),
    dayOfMonth: isAll(spec.dayOfMonth, 31) ? undefined : plainTimes(spec.dayOfMonth),
    month: isAll(spec.month, 12, (month) => MONTHS.indexOf(month)) ? undefined : plainTimes(spec.month),
    year: spec.year.length === 0 ? undefined : plainTimes(spec.year),
    dayOfWeek: isAll(spec.dayOfWeek, 7, (day) => DAYS.indexOf(day)) ? undefined : plainTimes(spec.dayOfWeek),
    comment: spec.comment || undefined,
  };
}

/** Whether one range holds all of `size` values. */
function isAll<T>(ranges: Range<T>[], size: number, orderOf: (value: T) => number = Number): boolean {
  return ranges.some(({ start, end, step }) => step === 1 && orderOf(end) - orderOf(start) + 1 === size);
}

function plainTimes<T extends number | string>(ranges: Range<T>[], size?: number): Times<T> {
  if (size !== undefined && isAll(ranges, size)) return '*';
  const plain = ranges.map(({ start, end, step }) => (start === end ? start : { start, end, step: step === 1 ? undefined : step }));
  return plain.length === 1 && plain[0] !== undefined ? plain[0] : plain;
}
