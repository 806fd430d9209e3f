/** Asciicast version 2 (https://docs.asciinema.org/manual/asciicast/v2/): what a terminal was told, and when. */
import { hostname, userInfo } from 'node:os';

export interface Cast {
  columns: number;
  rows: number;
  title: string;
  /** In the order of time. */
  events: CastEvent[];
}

export interface CastEvent {
  /** Since the begin. */
  atSeconds: number;
  text: string;
}

/** Nobody looks longer at a screen on which nothing happens. */
const MAX_PAUSE_SECONDS = 2;
const TO_MILLISECONDS = 1000;

/** A line of JSON for the head, and one for each event. */
export function castText({ columns, rows, title, events }: Cast): string {
  const head = { version: 2, width: columns, height: rows, title, env: { TERM: 'xterm-256color' } };
  return [head, ...events.map(({ atSeconds, text }) => [atSeconds, 'o', text])].map((line) => `${JSON.stringify(line)}\n`).join('');
}

/** What `castText` wrote. */
export function readCast(written: string): Cast {
  const [head = '', ...lines] = written.trimEnd().split('\n');
  const { width, height, title } = JSON.parse(head) as { width: number; height: number; title: string };
  const events = lines.map((line) => {
    const [atSeconds, , text] = JSON.parse(line) as [number, 'o', string];
    return { atSeconds, text };
  });
  return { columns: width, rows: height, title, events };
}

/** With shorter pauses. */
export function withoutPauses(cast: Cast): Cast {
  let beforeSeconds = 0;
  let atSeconds = 0;
  const events = cast.events.map((event) => {
    atSeconds += Math.min(event.atSeconds - beforeSeconds, MAX_PAUSE_SECONDS);
    beforeSeconds = event.atSeconds;
    return { atSeconds: Math.round(atSeconds * TO_MILLISECONDS) / TO_MILLISECONDS, text: event.text };
  });
  return { ...cast, events };
}

/** What a recording must not tell of the machine it was made on: names of host and user, and paths of folders. */
export function tellsOfMachine(text: string): string[] {
  const names = [hostname(), userInfo().username].filter((name) => name.length > 0);
  const patterns = [
    ...names.map((name) => new RegExp(`(?<![\\w-])${name.replace(/[^\w-]/g, '\\$&')}(?![\\w-])`, 'g')),
    /(?<![\w:/.])\/(home|root|Users|tmp|var|private|work|opt|usr)\/[^\s"]*/g,
  ];
  return patterns.flatMap((pattern) => text.match(pattern) ?? []);
}
