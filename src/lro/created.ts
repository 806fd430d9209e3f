/**
 * `created` of a status body, which services write in two formats. [protocol.md section 1]
 */
import { DateTime } from 'luxon';

/** `3/11/2020 8:45:13 PM +00:00`, as Azure Maps Creator's document prints it. Built once: it takes longer than parsing. */
const US_LOCALE = { locale: 'en-US' };
const US_FORMAT = DateTime.buildFormatParser('M/d/yyyy h:mm:ss a ZZ', US_LOCALE);

/** What nearly every service writes [RFC 3339]; on such a date and time JavaScript's own parser, which is quicker, says the same. */
const RFC_3339 = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])T([01]\d|2[0-3])(:[0-5]\d){2}(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

/** The time as ISO 8601 UTC, `undefined` where it is in neither format. The original text is always kept beside it. Never throws. */
export function createdTime(text: string): string | undefined {
  if (text.length > 64) return undefined;
  const written = text.trim();
  if (RFC_3339.test(written)) return new Date(written).toISOString();
  for (const time of [DateTime.fromFormatParser(written, US_FORMAT, US_LOCALE), DateTime.fromISO(written, { zone: 'utc' })]) {
    if (time.isValid) return time.toUTC().toISO();
  }
  return undefined;
}
