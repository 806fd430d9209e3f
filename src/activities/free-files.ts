/**
 * The files that items' results go to, looked at before an item is sent for the first time: what is there already is not replaced.
 *
 * Keeps true: an item whose result could not be written where its input says is not sent; and looking takes less time than an activity may
 * be without a heartbeat.
 */
import type { FileRef } from '../contract';
import { FileRefusedError, type Files } from '../files';
import type { Connections } from '../http';
import { reasonOf } from '../text/reason';
import type { SubmitItem } from './messages';
import type { ReadySubmit, UnsentSubmit } from './prepare-submit';

type Prepared = ReadySubmit | UnsentSubmit;

/** For all of them. Nothing is claimed yet, so the activity has not said a word. */
const LOOK_SECONDS = 3;
/** Until one is looked at again whose store cannot be reached. */
const AGAIN_SECONDS = 5;

/** Items as they are, or refused, or to be sent later. @param items of the same order */
export function withFreeFiles(
  prepared: readonly Prepared[],
  items: readonly SubmitItem[],
  { files }: Pick<Connections, 'files'>,
): Promise<Prepared[]> {
  const signal = AbortSignal.timeout(LOOK_SECONDS * 1000);
  return Promise.all(
    prepared.map((one, position) => {
      const file = fileOf(one);
      // An earlier try may have been accepted, and have written it.
      const isFirst = (items[position]?.tries ?? 0) === 0;
      return file === undefined || !isFirst ? Promise.resolve(one) : looked(one, file, files, signal);
    }),
  );
}

async function looked(prepared: Prepared, file: FileRef, files: Files, signal: AbortSignal): Promise<Prepared> {
  const { index, about } = 'send' in prepared ? prepared : prepared.result;
  try {
    await files.checkFree(file, signal);
    return prepared;
  } catch (error) {
    const message = `resultFile: ${reasonOf(error)}`;
    if (!(error instanceof FileRefusedError)) return { result: { index, about, waitSeconds: AGAIN_SECONDS, trouble: { message } } };
    const { dependsOnFile } = error;
    return { result: { index, about, decision: { kind: 'failed', failure: { type: 'FileRefused', message } } }, dependsOnFile };
  }
}

function fileOf(prepared: Prepared): FileRef | undefined {
  if ('send' in prepared) return prepared.retried === undefined ? prepared.send.resultFile : undefined;
  const { decision } = prepared.result;
  return decision?.kind === 'accepted' ? decision.monitor.resultFile : undefined;
}
