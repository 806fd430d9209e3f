/**
 * Which operations a tracker may poll. A tracker is told of them by signals, which anybody in the namespace can send: so what it is told is
 * judged like what a caller attaches to, each time before it is asked.
 */
import { ApplicationFailure } from '@temporalio/common';
import type { Connection } from '../../http';
import type { Monitor } from '../../lro/monitor';
import { headerMistakes } from '../../schema/allow';
import { checkMonitor } from '../../schema/monitor';
import { attachedUrl } from '../caller-urls';
import { listed } from '../failures';

/** Of one that is refused, for the log. */
const MAX_CHARS = 500;

/** Why an operation is to be followed by its own workflow; undefined: a tracker may. */
export function notShareable(monitor: Monitor, connection: Connection): string | undefined {
  const mistakes = mistakesOf(monitor, connection);
  return mistakes.length === 0 ? undefined : listed(mistakes).slice(0, MAX_CHARS);
}

function mistakesOf(monitor: Monitor, connection: Connection): string[] {
  const { poll, start, resultFile, callsBack } = monitor;
  if (resultFile !== undefined) return ['its result goes to a file'];
  if (start !== undefined || poll !== undefined) return ['its status is not asked by GET'];
  if (callsBack === true) return ['its service calls back'];
  // How it is cancelled is no business of a tracker.
  const checked = checkMonitor({ ...monitor, cancel: undefined });
  if (!checked.ok) return checked.mistakes;
  const { keyHeader, config } = connection;
  const { statusUrl, finalUrl, probe, headers } = monitor;
  const ownHeader = Object.keys(headers ?? {}).some((name) => name.toLowerCase() === keyHeader?.toLowerCase());
  return [
    ...(ownHeader ? ['headers: carry credentials'] : []),
    ...headerMistakes('attach', headers, config),
    ...urlMistakes('attach.statusUrl', statusUrl, connection),
    ...[finalUrl, probe?.resourceLocation].flatMap((url) => (url === undefined ? [] : urlMistakes('attach.requestUrl', url, connection))),
  ];
}

function urlMistakes(field: 'attach.statusUrl' | 'attach.requestUrl', url: string, connection: Connection): string[] {
  try {
    attachedUrl(field, url, connection);
    return [];
  } catch (err) {
    if (err instanceof ApplicationFailure) return [err.message];
    throw err;
  }
}
