/**
 * What is seen while something is followed, on standard error: on a terminal one live line, elsewhere a line a change.
 *
 * Keeps true: nothing that a service or caller wrote moves the cursor; the cursor is there again after `close`; the live line is one line, however
 * narrow the terminal is.
 */
import { Format, SingleBar } from 'cli-progress';
import { forTerminal, writeError } from './terminal';

/** What is known now. */
export interface Seen {
  /** Without what changes by itself, such as times. */
  text: string;
  /** Counted down to on a terminal. ISO 8601. */
  nextPollAt?: string;
  /** Of a set: how many have ended. */
  bar?: { ended: number; total: number };
  /** What the lines of a log are told apart by: a line is written where it differs. Default: `text`. */
  change?: string;
}

export interface Live {
  show(seen: Seen): void;
  close(): void;
}

const FRAMES_PER_SECOND = 4;
const DEFAULT_COLUMNS = 80;
/** Of a wide terminal; a narrow one has a quarter of its columns for the bar. */
const MAX_BAR = 24;

/** @param asJson nothing is shown: standard error is for errors then */
export function openLive(asJson: boolean): Live {
  if (asJson) return { show: () => undefined, close: () => undefined };
  return process.stderr.isTTY ? liveLine() : lineEachChange();
}

function liveLine(): Live {
  let seen: Seen = { text: '' };
  const bar = new SingleBar({
    stream: process.stderr,
    format: (options, { progress, value, total }) => {
      const columns = process.stderr.columns || DEFAULT_COLUMNS;
      const barsize = Math.min(MAX_BAR, Math.floor(columns / 4));
      // Before anybody has counted, an empty set would be a full bar.
      const drawn = seen.bar === undefined || seen.bar.total === 0 ? '' : `${Format.BarFormat(progress, { ...options, barsize })} `;
      const counted = drawn === '' ? '' : `${value}/${total} · `;
      return cut(forTerminal((drawn + counted + seen.text + untilText(seen.nextPollAt)).replace(/\s+/g, ' ')), columns);
    },
    barCompleteChar: '█',
    barIncompleteChar: '░',
    fps: FRAMES_PER_SECOND,
    hideCursor: true,
    clearOnComplete: true,
    // Who follows handles Ctrl-C.
    gracefulExit: false,
  });
  let isStarted = false;
  return {
    show: (now) => {
      seen = now;
      const { total, ended } = now.bar ?? { total: 1, ended: 0 };
      if (!isStarted) bar.start(total, ended);
      isStarted = true;
      bar.setTotal(total);
      bar.update(ended);
    },
    close: () => bar.stop(),
  };
}

function lineEachChange(): Live {
  let last: string | undefined;
  return {
    show: ({ text, bar, change = text }) => {
      if (change === last) return;
      last = change;
      writeError(bar === undefined ? text : `${bar.ended}/${bar.total} · ${text}`);
    },
    close: () => undefined,
  };
}

function untilText(at: string | undefined): string {
  if (at === undefined) return '';
  const seconds = Math.ceil((Date.parse(at) - Date.now()) / 1000);
  return seconds > 0 ? ` · next poll in ${seconds} s` : ' · next poll now';
}

/** The terminal would write what is longer over its last column. */
function cut(line: string, columns: number): string {
  const characters = Array.from(line);
  return characters.length <= columns ? line : `${characters.slice(0, columns - 1).join('')}…`;
}
