/**
 * The download that is built into `@temporalio/testing` (from temporal.download).
 *
 * It cannot be cancelled, has no timeout, starts a server when it is done, and installs the SDK's runtime in the process that calls it. So it
 * runs in a process of its own that is ended as soon as the program is there, or as soon as it is clear that it will not come.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lastLines, startChild } from './child-process';
import type { ChildExit } from './child-process';
import type { TemporalProgram } from './programs';

/** Without internet access a connection may hang for minutes; normally the answer comes within a second. */
const FIRST_ANSWER_TIMEOUT_MS = 5_000;
const STALLED_TIMEOUT_MS = 20_000;
const LOOK_EVERY_MS = 100;
const UNFINISHED = '.downloading';

// Plain JavaScript in a string, so that it runs from the sources (tests) and from `dist`.
const DOWNLOAD_SCRIPT = `
  const [testing, server, downloadDir] = process.argv.slice(1);
  const { TestWorkflowEnvironment } = require(testing);
  const options = { server: { executable: { type: 'cached-download', downloadDir } } };
  const started = server === 'dev-server' ? TestWorkflowEnvironment.createLocal(options) : TestWorkflowEnvironment.createTimeSkipping(options);
  started.then((environment) => environment.teardown(), (error) => { console.error(error.message); process.exit(1); });
`;

/** The version of `@temporalio/testing`, which decides the version of the program. Undefined where it is not installed (production). */
export function sdkVersion(): string | undefined {
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- not a static import: production does without the package
    return (require('@temporalio/testing/package.json') as { version: string }).version;
  } catch {
    return undefined;
  }
}

/** Downloads the program into `folder` and returns its path. Gives up after 5 s without an answer. */
export async function downloadWithSdk(program: TemporalProgram, folder: string, env: NodeJS.ProcessEnv): Promise<string> {
  const testing = require.resolve('@temporalio/testing');
  const child = await startChild({
    name: `the download of ${program.title}`,
    command: process.execPath,
    args: ['-e', DOWNLOAD_SCRIPT, testing, program.sdkServer, folder],
    env,
  });
  let exit: ChildExit | undefined;
  void child.exited.then((ended) => (exit = ended));
  try {
    let progress: Progress = { bytes: -1 };
    let progressAt = Date.now();
    for (;;) {
      // Read before the folder, so that a program which is complete when the process ends is found.
      const endedBefore = exit !== undefined;
      const now = await readProgress(folder);
      if (now.finished !== undefined) return now.finished;
      if (endedBefore) throw new Error(lastLines(child.output()) || 'the download ended without a message');
      if (now.bytes !== progress.bytes) {
        progress = now;
        progressAt = Date.now();
      }
      const timeoutMs = progress.bytes < 0 ? FIRST_ANSWER_TIMEOUT_MS : STALLED_TIMEOUT_MS;
      if (Date.now() - progressAt > timeoutMs) throw new Error(`nothing came from temporal.download for ${timeoutMs / 1_000} s`);
      await sleep(LOOK_EVERY_MS);
    }
  } finally {
    await child.kill();
  }
}

/** How far the download is: bytes so far, -1 before the first answer; `finished` is the path once it is whole. */
interface Progress {
  bytes: number;
  finished?: string;
}

async function readProgress(folder: string): Promise<Progress> {
  const [name] = await readdir(folder);
  if (name === undefined) return { bytes: -1 };
  const path = join(folder, name);
  if (!name.endsWith(UNFINISHED)) return { bytes: -1, finished: path };
  // The file may have been renamed to its final name since the folder was read.
  const found = await stat(path).catch(() => undefined);
  return { bytes: found?.size ?? 0 };
}
