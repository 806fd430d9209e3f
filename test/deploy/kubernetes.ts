/** The manifests of deploy/kubernetes, built as `kubectl kustomize` builds them. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

export const ROOT = join(__dirname, '../..');
export const FOLDER = join(ROOT, 'deploy/kubernetes');

export interface Probe {
  httpGet?: { path: string; port: string };
}

export interface Container {
  name: string;
  image: string;
  command?: string[];
  env?: { name: string; value: string }[];
  envFrom?: { configMapRef: { name: string } }[];
  ports?: { name: string; containerPort: number }[];
  startupProbe?: Probe;
  livenessProbe?: Probe;
  readinessProbe?: Probe;
  resources: { requests: Record<string, string>; limits: Record<string, string> };
  securityContext: Record<string, unknown>;
  volumeMounts?: { name: string; mountPath: string; readOnly?: boolean }[];
}

export interface PodSpec {
  terminationGracePeriodSeconds?: number;
  automountServiceAccountToken?: boolean;
  securityContext: Record<string, unknown>;
  containers: Container[];
  volumes?: { name: string; configMap?: { name: string }; secret?: { secretName: string }; emptyDir?: object }[];
}

export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  data?: Record<string, string>;
  /** A ConfigMap has none. */
  spec: Record<string, unknown> & { replicas?: number; template?: { metadata: Manifest['metadata']; spec: PodSpec } };
}

export function manifestsIn(text: string): Manifest[] {
  return parseAllDocuments(text).map((document) => document.toJS() as Manifest);
}

/** A program that builds overlays, where the machine has one: its command line up to the folder. */
export function kustomizer(): string[] | undefined {
  const ways = [
    ['kubectl', 'kustomize'],
    ['kustomize', 'build'],
  ];
  return ways.find(([program = '', verb = '']) => spawnSync(program, [verb, '--help'], { stdio: 'ignore' }).status === 0);
}

/** @param folder below deploy/kubernetes */
export function build([program = '', ...args]: string[], folder: string): string {
  return execFileSync(program, [...args, join(FOLDER, folder)], { encoding: 'utf8' });
}

const PROGRAM = 'kubernetes-validate';
const VERSION = '1.37.0';

/** `kubernetes-validate`, which has the schemas of Kubernetes in it: on the PATH, in the project's cache, or fetched there. The reason where there is none. */
export function kubernetesValidate(): { command: string } | { reason: string } {
  if (spawnSync(PROGRAM, ['--help'], { stdio: 'ignore' }).status === 0) return { command: PROGRAM };
  const folder = join(process.env['LRO_CACHE_DIR'] ?? join(ROOT, '.cache'), `kubernetes-validate-${VERSION}`);
  const command = join(folder, 'bin/kubernetes-validate');
  if (existsSync(command)) return { command };
  // Half a minute to two: not in every run.
  if (process.env['LRO_LONG'] !== '1') return { reason: 'it is not installed; LRO_LONG=1 fetches it into the cache' };
  const steps: [string, string[]][] = [
    ['python3', ['-m', 'venv', folder]],
    [
      join(folder, 'bin/pip'),
      ['install', '--quiet', '--disable-pip-version-check', '--retries', '1', '--timeout', '10', `kubernetes-validate==${VERSION}`],
    ],
  ];
  for (const [program, args] of steps) {
    const { status, error, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 180_000 });
    if (status !== 0) return { reason: `${program} ${args[0] ?? ''}: ${error?.message ?? stderr.trim().split('\n').at(-1) ?? ''}` };
  }
  return { command };
}
