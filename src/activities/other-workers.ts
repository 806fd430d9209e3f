/**
 * What this worker's file does not have, the file of another worker may: while a new file is rolled out, they differ.
 *
 * Keeps true: whoever is sent on to another worker has sent nothing; it is sent on for {@link MAX_LOOKUP_SECONDS} at most, and not at all
 * where every live worker of the task queue shows this worker's file hash in its identity.
 */
import { Context, log } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { Client } from '@temporalio/client';
import { fileHashIn, identityInWords } from '../config';
import type { FailureDetails, FileRef } from '../contract';
import { FileRefusedError, type Files } from '../files';
import { LOOKUP_PAUSE_SECONDS } from '../jobs/lookup';
import { oneLine } from '../lro/text';
import { reasonOf } from '../text/reason';
import { isFileDependent, typedFailure } from './failures';
import type { Elsewhere, LookedUp } from './messages';
import { heartbeatsOf, pollersOf, WORKER_STATUS, type TaskQueue } from './task-queue';

/** From the first worker that did not have it. */
const MAX_LOOKUP_SECONDS = 20;

/** Many operations ask at once who else lives. */
const KNOWN_MS = 1000;
const ASK_MS = 3000;

/** Workers that a failure names, and of each name as much. */
const MAX_NAMED = 20;
const MAX_IDENTITY_CHARS = 200;

export class OtherWorkers {
  private readonly known = new Map<string, { atMs: number; differ: Promise<boolean> }>();

  /** @param identity this worker's, with the hash of its file */
  constructor(
    private readonly namespace: string,
    private readonly identity: string,
    private readonly fileHash: string,
  ) {}

  /** To be returned instead of a refusal; undefined: no other worker is to be asked. @param lookedUp absent: nobody has looked before */
  async elsewhere(lookedUp: LookedUp = NOT_YET): Promise<Elsewhere | undefined> {
    if (lookedUp.forSeconds + LOOKUP_PAUSE_SECONDS > MAX_LOOKUP_SECONDS) return undefined;
    return (await this.haveOtherFiles()) ? { elsewhere: this.lookedOn(lookedUp) } : undefined;
  }

  /** A refusal that is final: it says where was looked. */
  told(failure: FailureDetails, lookedUp: LookedUp | undefined): FailureDetails {
    return { ...failure, message: `${failure.message}; ${this.whereLooked(lookedUp)}` };
  }

  /** `looked for on 17@host (file 01234567), …` */
  whereLooked(lookedUp: LookedUp | undefined): string {
    return `looked for on ${this.lookedOn(lookedUp).map(identityInWords).join(', ')}`;
  }

  /** An activity whose refusals may be due to this worker's file: it sends on to another worker instead, where there may be one that knows more. */
  orElsewhere<R extends { lookup?: LookedUp }, T>(work: (request: R) => Promise<T>): (request: R) => Promise<T | Elsewhere> {
    return async (request) => {
      try {
        return await work(request);
      } catch (error) {
        if (!isFileDependent(error) && !(error instanceof FileRefusedError && error.dependsOnFile)) throw error;
        const elsewhere = await this.elsewhere(request.lookup);
        if (elsewhere !== undefined) return elsewhere;
        const details = error instanceof ApplicationFailure ? (error.details?.[0] as FailureDetails | undefined) : undefined;
        throw details === undefined ? error : typedFailure(this.told(details, request.lookup));
      }
    };
  }

  private lookedOn({ on }: LookedUp = NOT_YET): string[] {
    const all = [...on, this.identity].map((identity) => oneLine(identity, MAX_IDENTITY_CHARS));
    return [...new Set(all)].slice(0, MAX_NAMED);
  }

  /** Whether any live worker has another file, or may have. */
  private haveOtherFiles(): Promise<boolean> {
    const { client, info } = Context.current();
    const { taskQueue } = info;
    const known = this.known.get(taskQueue);
    if (known !== undefined && performance.now() - known.atMs < KNOWN_MS) return known.differ;
    const differ = liveWorkers(client, { namespace: this.namespace, taskQueue }).then(
      (identities) => identities.some((identity) => fileHashIn(identity) !== this.fileHash),
      (error: unknown) => {
        log.warn('the other workers of the task queue are not known', { reason: reasonOf(error) });
        return true;
      },
    );
    this.known.set(taskQueue, { atMs: performance.now(), differ });
    return differ;
  }
}

const NOT_YET: LookedUp = { forSeconds: 0, on: [] };

/** Whether this worker's file does not let a result be written there. */
export async function mayNotWrite(file: FileRef | undefined, files: Files): Promise<boolean> {
  if (file === undefined) return false;
  try {
    files.refuseUnwritable(file);
    // Of a local path the links on its way decide. A store elsewhere is not asked again with each poll.
    if (file.path !== undefined) await files.exists(file);
    return false;
  } catch (error) {
    return error instanceof FileRefusedError && error.dependsOnFile;
  }
}

/** The identities of the workers that take activities of a task queue. The server names those that are gone for five minutes, except those that said so. */
async function liveWorkers({ connection }: Client, queue: TaskQueue): Promise<string[]> {
  const { workflowService } = connection;
  return connection.withDeadline(Date.now() + ASK_MS, async () => {
    // None from servers that do not keep them.
    const [pollers, heartbeats] = await Promise.all([
      pollersOf(workflowService, queue),
      heartbeatsOf(workflowService, queue).catch(() => []),
    ]);
    const identitiesOf = (some: typeof heartbeats): string[] => some.map(({ identity }) => identity);
    const ended = new Set(identitiesOf(heartbeats.filter(hasEnded)));
    const living = identitiesOf(heartbeats.filter((heartbeat) => !hasEnded(heartbeat)));
    // A container that was started again may have the identity of the one before it.
    return [...living, ...pollers.flatMap(({ identity }) => (identity === '' || ended.has(identity) ? [] : identity))];
  });
}

function hasEnded({ status }: { status: number }): boolean {
  return status === WORKER_STATUS.shuttingDown || status === WORKER_STATUS.shutdown;
}
