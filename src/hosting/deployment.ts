/**
 * The worker's version, for Temporal's Worker Versioning: the variables that Temporal's worker controller for Kubernetes sets in each pod.
 *
 * Keeps true: without both of them the worker has no version, and takes all work of its task queue.
 */
import { z } from 'zod';
import type { WorkerDeploymentOptions } from '@temporalio/worker';

/** A version of the workers of one deployment: `{ deploymentName, buildId }`. */
export type WorkerVersion = WorkerDeploymentOptions['version'];

const NAME = 'TEMPORAL_DEPLOYMENT_NAME';
const BUILD_ID = 'TEMPORAL_WORKER_BUILD_ID';

/** The part of the environment that names the version. An empty variable counts as one that is not set. */
export const deploymentVariables = {
  // Temporal refuses such names only when the worker asks for work.
  [NAME]: z
    .string()
    .refine((name) => !/[.:]|^__/.test(name), 'must not contain "." or ":", nor begin with "__"')
    .optional(),
  [BUILD_ID]: z.string().optional(),
};

/** @returns the version, none where neither is set, or the mistake where only one of them is */
export function workerVersion(env: { [NAME]?: string; [BUILD_ID]?: string }): { version?: WorkerVersion; mistake?: string } {
  const deploymentName = env[NAME] ?? '';
  const buildId = env[BUILD_ID] ?? '';
  if (deploymentName === '' && buildId === '') return {};
  if (deploymentName !== '' && buildId !== '') return { version: { deploymentName, buildId } };
  const [set, missing] = buildId === '' ? [NAME, BUILD_ID] : [BUILD_ID, NAME];
  return { mistake: `${missing}: must be set too, because ${set} is: a version of a worker is both (leave both unset to do without)` };
}

/**
 * Runs stay on the version that began them; a new run of an operation or a shard moves to the current one
 * (`src/workflows/engine/new-run.ts`).
 */
export function versioningOf(version: WorkerVersion): WorkerDeploymentOptions {
  return { version, useWorkerVersioning: true, defaultVersioningBehavior: 'PINNED' };
}
