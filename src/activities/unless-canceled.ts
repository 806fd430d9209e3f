/** Ends the work of an activity whose workflow has canceled it: whoever canceled waits for it. */
import { Context } from '@temporalio/activity';

/** For requests that are under way: most have their answer by then. */
const GRACE_MS = 500;

/**
 * What `work` comes to; where the workflow cancels the activity, what there is soon after. Not where its worker ends: who asks on would not know
 * of answers that are still to come.
 */
export async function unlessCanceled<T>(work: Promise<T>, soFar: () => T): Promise<T> {
  const context = Context.current();
  const { cancellationSignal } = context;
  let timer: NodeJS.Timeout | undefined;
  let canceled: (() => void) | undefined;
  const cut = new Promise<T>((resolve) => {
    canceled = () => {
      if (context.cancellationDetails?.cancelRequested === true) timer = setTimeout(() => resolve(soFar()), GRACE_MS);
    };
    cancellationSignal.addEventListener('abort', canceled);
  });
  try {
    return await Promise.race([work, cut]);
  } finally {
    clearTimeout(timer);
    if (canceled !== undefined) cancellationSignal.removeEventListener('abort', canceled);
  }
}
