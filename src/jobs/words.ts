/** Times and texts as rows of the UI have room for them. Pure. */

/** Without milliseconds. @param at ISO 8601, UTC */
export function seconds(at: string): string {
  return at.replace(/\.\d+Z$/, 'Z');
}

/** `14:20:19Z`, where it is the day of another time that is shown beside it; else with the day. @param at ISO 8601, UTC */
export function clockTime(at: string, beside: string): string {
  return at.slice(0, 10) === beside.slice(0, 10) ? seconds(at).slice(11) : seconds(at);
}

/** At most so many characters, none of them half. */
export function cutTo(text: string, maxChars: number): string {
  return text.length <= maxChars ? text : `${text.slice(0, maxChars - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
