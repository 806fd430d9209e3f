/** What a start says: the id first, before anything is waited for. */
import type { LroClient, RunKind, Started } from '../../client';
import { print, type CommonOptions } from './command';
import { follow, followed } from './follow';
import { writeError } from './terminal';

interface WaitingOptions extends CommonOptions {
  wait?: boolean;
}

/** Prints what was started; with `wait` follows it and prints its result instead. */
export async function announce(
  lro: LroClient,
  kind: RunKind,
  { id, started }: { id: string } & Started,
  options: WaitingOptions,
): Promise<void> {
  const text = started ? `${kind} "${id}" is started` : joinedText(kind, id);
  if (options.wait !== true) {
    print(options, { id, started }, () => text);
    return;
  }
  // Only the result belongs on standard output.
  writeError(options.json === true ? JSON.stringify({ id, started }) : text);
  const { taskQueue } = await lro.find(id);
  const run = followed(lro, kind, id, taskQueue);
  print(options, { id, started, result: await follow(lro, run, options) }, ({ result }) => run.table(result));
}

function joinedText(kind: RunKind, id: string): string {
  return `${kind} "${id}" was started before with the same input; this call joined it and started nothing`;
}
