/**
 * `created` of a status body, which services write in two formats. [protocol.md section 1]
 */
import { DateTime } from 'luxon';

/** `3/11/2020 8:45:13 PM +00:00`, as Azure Maps Creator's document prints it. Built once: it takes longer than parsing. */
const US_LOCALE = { locale: 'en-US' };
const US_FORMAT = DateTime.buildFormatParser('M/d/yyyy h:mm:ss a ZZ', US_LOCALE);

/** The time as ISO 8601 UTC, `undefined` where it is in neither format. The original text is always kept beside it. Never throws. */
export function createdTime(text: string): string | undefined {
  if (text.length > 64) return undefined;
  for (const time of [DateTime.fromFormatParser(text.trim(), US_FORMAT, US_LOCALE), DateTime.fromISO(text.trim(), { zone: 'utc' })]) {
    if (time.isValid) return time.toUTC().toISO();
  }
  return undefined;
}
