/**
 * How the answers of a status URL are read, one row a style. [protocol.md section 2]
 *
 * Keeps true: an answer that broke off, or that no row makes sense of, is neither running nor an end.
 */
import { standsBesideError } from './odata-error';
import type { Monitor, MonitorStyle, Trouble } from './monitor';
import { wantsHtml, type ReadAnswer } from './read-answer';
import type { ProtocolSettings } from './settings';
import { isKnownRunning, statusKind } from './status-words';
import type { StatusKind } from './dialect';

/** What one field can tell. */
interface WordRule {
  field: 'status' | 'provisioningState';
  /** Known words of these kinds decide; the others say nothing. */
  tells: readonly StatusKind[];
  /** What an unknown word means. `failedBesideError`: a failure where the body holds an error as well, else nothing. */
  unknown: 'running' | 'nothing' | 'failedBesideError';
  /** Words that mean something else here. */
  own?: Readonly<Record<string, StatusKind>>;
  /** Of a PUT or PATCH these decide, too. */
  ofResource?: readonly StatusKind[];
  /** Not looked at beside a 202. */
  notOn202?: true;
}

interface StyleRow {
  /** The first field that tells something decides. */
  words: readonly WordRule[];
  /** A 202 that tells nothing else. */
  accepted: 'running' | 'runningWhenEmpty';
  /** Any other 2xx but 204 that tells nothing. `resultWhenJson`: what is no JSON makes no sense. */
  silent: 'unreadable' | 'result' | 'resultWhenJson' | 'stillThere';
  /** A 400, 409, 412, 413 or 422 with an error is the operation's own end: the URL answers as the request would have. */
  refusalEnds: boolean;
  /** 404 and 410. */
  absent: 'gone' | 'succeeded';
  /** Which headers of an answer move the status URL. Beside a monitor, `Location` is the place of the result. */
  movesBy: 'none' | 'Location' | 'monitorHeaders' | 'anyHeader';
}

const EVERY: readonly StatusKind[] = ['running', 'succeeded', 'failed', 'canceled'];

export const STYLES: Readonly<Record<MonitorStyle, StyleRow>> = {
  monitor: {
    words: [{ field: 'status', tells: EVERY, unknown: 'running' }],
    accepted: 'runningWhenEmpty',
    silent: 'unreadable',
    refusalEnds: false,
    absent: 'gone',
    movesBy: 'monitorHeaders',
  },
  location: {
    words: [
      { field: 'status', tells: EVERY, unknown: 'failedBesideError' },
      { field: 'provisioningState', tells: ['running'], ofResource: ['failed', 'canceled'], unknown: 'nothing', notOn202: true },
    ],
    accepted: 'running',
    silent: 'result',
    refusalEnds: true,
    absent: 'gone',
    movesBy: 'Location',
  },
  resource: {
    words: [
      { field: 'provisioningState', tells: EVERY, unknown: 'running' },
      { field: 'status', tells: EVERY, unknown: 'nothing' },
    ],
    accepted: 'running',
    silent: 'resultWhenJson',
    refusalEnds: true,
    absent: 'gone',
    movesBy: 'none',
  },
  deletion: {
    words: [
      {
        field: 'provisioningState',
        tells: ['failed', 'canceled'],
        own: { deleted: 'succeeded', softdeleted: 'succeeded' },
        unknown: 'nothing',
      },
    ],
    accepted: 'running',
    silent: 'stillThere',
    refusalEnds: false,
    absent: 'succeeded',
    movesBy: 'none',
  },
  unknown: {
    words: [
      { field: 'status', tells: EVERY, unknown: 'running' },
      { field: 'provisioningState', tells: EVERY, unknown: 'running' },
    ],
    accepted: 'running',
    silent: 'resultWhenJson',
    refusalEnds: false,
    absent: 'gone',
    movesBy: 'anyHeader',
  },
};

/** What a 2xx says. */
export type Reading =
  /** `note`: what should be known of an operation that goes on. */
  | { kind: 'running'; word?: string; note?: Trouble }
  | { kind: 'ended'; as: 'succeeded' | 'failed' | 'canceled'; word: string }
  | { kind: 'unreadable'; reason: string };

/** An operation followed from elsewhere shows its style by its answers: a `status` is a monitor's, though on 202 a `Location` may have one, too. */
export function styleOf({ style }: Pick<Monitor, 'style'>, read: ReadAnswer): MonitorStyle {
  if (style !== 'unknown') return style;
  if (read.status !== undefined) return read.answer.httpStatus === 202 ? 'unknown' : 'monitor';
  return read.provisioningState === undefined ? 'unknown' : 'resource';
}

/** Reads a 2xx in a style. */
export function readIn(
  style: MonitorStyle,
  read: ReadAnswer,
  of: Pick<Monitor, 'connection' | 'makesResource' | 'headers' | 'resultFile'>,
  settings: ProtocolSettings,
): Reading {
  const row = STYLES[style];
  const { httpStatus } = read.answer;
  if (read.parsed.kind === 'broken' && httpStatus !== 202) return { kind: 'unreadable', reason: 'the answer broke off' };
  const told = toldBy(row, read, of, settings);
  if (told !== undefined) return told;
  if (httpStatus === 204) return { kind: 'ended', as: 'succeeded', word: 'Succeeded' };
  const unreadable: Reading = { kind: 'unreadable', reason: `the answer ${read.lack}` };
  if (httpStatus === 202) {
    if (row.accepted === 'runningWhenEmpty' && read.parsed.kind !== 'empty') return unreadable;
    const word = read.status ?? read.provisioningState;
    return { kind: 'running', word, note: noteOf(word, of, settings) };
  }
  switch (row.silent) {
    case 'unreadable':
      return unreadable;
    case 'stillThere':
      return { kind: 'running', word: read.provisioningState, note: { message: 'the resource still exists' } };
    case 'resultWhenJson':
      if (read.parsed.kind !== 'json') return unreadable;
      break;
    case 'result':
      // Whoever wants a file may want a page.
      if (read.isHtml && !wantsHtml(of.headers) && of.resultFile === undefined) return unreadable;
  }
  return { kind: 'ended', as: 'succeeded', word: 'Succeeded' };
}

/** What the words of an answer say, in the order of the row. */
function toldBy(
  row: StyleRow,
  read: ReadAnswer,
  of: Pick<Monitor, 'connection' | 'makesResource'>,
  settings: ProtocolSettings,
): Reading | undefined {
  const on202 = read.answer.httpStatus === 202;
  for (const { field, tells, own, ofResource, unknown, notOn202 } of row.words) {
    const word = read[field];
    if (word === undefined || (on202 && notOn202 === true)) continue;
    const key = word.trim().toLowerCase();
    const ownKind = own !== undefined && Object.hasOwn(own, key) ? own[key] : undefined;
    const kind = ownKind ?? statusKind(word, settings.statusWords);
    const decides = ownKind !== undefined || tells.includes(kind) || (of.makesResource === true && ofResource?.includes(kind) === true);
    if (kind !== 'running') {
      if (decides) return { kind: 'ended', as: kind, word };
    } else if (isKnownRunning(word, settings.statusWords)) {
      if (decides) return { kind: 'running', word };
    } else if (unknown === 'running') {
      return { kind: 'running', word, note: noteOf(word, of, settings) };
    } else if (unknown === 'failedBesideError' && !on202 && standsBesideError(read.json)) {
      return { kind: 'ended', as: 'failed', word };
    }
  }
  return undefined;
}

/** An unknown word is told with the setting that would make it an end: it is bounded by nothing but the deadline. */
function noteOf(word: string | undefined, { connection }: Pick<Monitor, 'connection'>, settings: ProtocolSettings): Trouble | undefined {
  if (word === undefined || statusKind(word, settings.statusWords) !== 'running' || isKnownRunning(word, settings.statusWords))
    return undefined;
  const message =
    `the status "${word.slice(0, 64)}" is not known and counts as running; ` +
    `"statusWords" (succeeded, failed, canceled or running) of connection "${connection}" says what it means`;
  return { message, kind: 'UnknownStatus' };
}
