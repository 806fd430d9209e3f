/**
 * What is seen while something is followed, on standard error: on a terminal one live line, elsewhere a line a change.
 *
 * Keeps true: nothing that a service or caller wrote moves the cursor; the cursor is there again after `close`.
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
      const drawn = seen.bar === undefined ? '' : `${Format.BarFormat(progress, options)} ${value}/${total} · `;
      return forTerminal((drawn + seen.text + untilText(seen.nextPollAt)).replace(/\s+/g, ' '));
    },
    barsize: 24,
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
      if (!isStarted) bar.start(1, 0);
      isStarted = true;
      bar.setTotal(now.bar?.total ?? 1);
      bar.update(now.bar?.ended ?? 0);
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
  return seconds > 0 ? ` · next poll in ${seconds} s` : '';
}
