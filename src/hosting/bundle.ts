/**
 * The prebuilt workflow bundles: `npm run build` writes them, a worker in production starts from one (1 s instead of 2.5 s). There are two:
 * only a worker that sends traces runs the workflows with the interceptors that make spans, because these put a header of 100 bytes into the
 * history at every activity, and take time in every workflow.
 *
 * Keeps true: a bundle that is older than the sources beside it is refused, because it would run old code without notice.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import type { WorkerOptions } from '@temporalio/worker';
import { version as sdkVersion } from '@temporalio/worker/package.json';
import { FAILURE_CONVERTER_PATH } from '../encryption';

/** Folder of the compiled or source files this runs from: `dist` or `src`. */
const HERE = resolve(__dirname, '..');
/** Folder of the sources, in a checkout. */
const SOURCES = resolve(HERE, '..', 'src');

/** The same workflows several times: their interceptors, and how failures become messages, are parts of a bundle. */
export interface BundleKind {
  /** With interceptors that make spans. */
  traced?: boolean;
  /** For workers that encrypt: messages and stack traces of failures are payloads. */
  encodesFailures?: boolean;
}

/** Modules with interceptors of workflows, by kind of bundle. */
export function interceptorModules({ traced = false }: BundleKind): string[] {
  return traced ? [require.resolve('@temporalio/interceptors-opentelemetry/lib/workflow-interceptors')] : [];
}

function filesOf({ traced = false, encodesFailures = false }: BundleKind): { bundle: string; stamp: string } {
  const name = `workflow-bundle${traced ? '-traced' : ''}${encodesFailures ? '-encoding-failures' : ''}`;
  return { bundle: join(HERE, `${name}.js`), stamp: join(HERE, `${name}.json`) };
}

interface Stamp {
  sdkVersion: string;
  /** This project's modules in the bundle: `workflows/run-operation`. */
  modules: string[];
  /** Hash of these, compiled. */
  compiled: string;
  /** Hash of their TypeScript sources, if those were there. */
  sources?: string;
}

/** The bundle cannot be used; the message says what to do. */
export class BundleError extends Error {
  override readonly name = 'BundleError';
}

/** Hash of all modules of a bundle below `root`; undefined when one is not there. */
function hashOf(modules: readonly string[], root: string, extension: '.js' | '.ts'): string | undefined {
  const hash = createHash('sha256');
  for (const name of modules) {
    const path = join(root, `${name}${extension}`);
    if (!existsSync(path)) return undefined;
    hash.update(name).update(readFileSync(path));
  }
  return hash.digest('hex');
}

function stampOf(modules: string[]): Stamp {
  return { sdkVersion, modules, compiled: hashOf(modules, HERE, '.js') ?? '', sources: hashOf(modules, SOURCES, '.ts') };
}

/** This project's modules in a bundle, as its inline source map names them. */
function modulesOf(code: string): string[] {
  const map = /sourceMappingURL=data:application\/json;[^,]*base64,([A-Za-z0-9+/=]+)\s*$/.exec(code.trimEnd())?.[1];
  if (map === undefined) throw new BundleError('the workflow bundle has no inline source map');
  const { sources } = JSON.parse(Buffer.from(map, 'base64').toString()) as { sources: string[] };
  return sources
    .flatMap((source) => {
      const inside = [SOURCES, HERE].find((root) => source.startsWith(`${root}${sep}`));
      const found = inside === undefined ? undefined : /^(.*)\.(ts|js)$/.exec(relative(inside, source))?.[1];
      return found === undefined ? [] : [found.split(sep).join('/')];
    })
    .sort();
}

/** Bundles the workflows and writes the bundle with its stamp, each file in one step. */
export async function writeWorkflowBundle(kind: BundleKind = {}): Promise<string> {
  const { bundle, stamp } = filesOf(kind);
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(HERE, 'workflows'),
    workflowInterceptorModules: interceptorModules(kind),
    logger: new DefaultLogger('WARN'),
    ...(kind.encodesFailures === true ? { failureConverterPath: FAILURE_CONVERTER_PATH } : {}),
  });
  await mkdir(dirname(bundle), { recursive: true });
  for (const [path, content] of [
    [bundle, code],
    [stamp, JSON.stringify(stampOf(modulesOf(code)), undefined, 2)],
  ] as const) {
    await writeFile(`${path}.part`, content);
    await rename(`${path}.part`, path);
  }
  return bundle;
}

/**
 * The workflows for a worker: the prebuilt bundle if this code runs compiled, else the sources.
 * @throws BundleError when the bundle is missing, of another SDK, or older than the sources
 */
export function workflowSource(kind: BundleKind = {}): Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'> {
  if (__filename.endsWith('.ts')) return { workflowsPath: join(HERE, 'workflows') };
  const { bundle, stamp } = filesOf(kind);
  if (!existsSync(bundle) || !existsSync(stamp)) throw new BundleError('the workflow bundle is missing; "npm run build" makes it');
  const written = JSON.parse(readFileSync(stamp, 'utf8')) as Stamp;
  const current = stampOf(written.modules);
  if (written.sdkVersion !== current.sdkVersion) {
    throw new BundleError(
      `the workflow bundle was made with Temporal SDK ${written.sdkVersion}, this is ${current.sdkVersion}; run "npm run build"`,
    );
  }
  if (written.compiled !== current.compiled || (current.sources !== undefined && written.sources !== current.sources)) {
    throw new BundleError('the workflow bundle is older than the workflow sources beside it; run "npm run build"');
  }
  return { workflowBundle: { codePath: bundle } };
}
