/**
 * How workflows get into a host's bundle: the host's `workflowsPath` becomes one of this project's, which takes the host's file in.
 *
 * Keeps true: nothing is written anywhere, and asking twice changes nothing more.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { BundleOptions } from '@temporalio/worker';

const EXTENSION = __filename.endsWith('.ts') ? '.ts' : '.js';
const ALL_WORKFLOWS = join(__dirname, `all-workflows${EXTENSION}`);
const HOST_WORKFLOWS = join(__dirname, `host-workflows${EXTENSION}`);

type WebpackConfig = Parameters<NonNullable<BundleOptions['webpackConfigHook']>>[0];

/** @throws Error where the host's workflows are not there */
export function withHostWorkflows(options: BundleOptions): BundleOptions {
  const { workflowsPath, webpackConfigHook = (config: WebpackConfig) => config } = options;
  if (workflowsPath === ALL_WORKFLOWS) return options;
  if (!existsSync(workflowsPath)) throw new Error(`workflowsPath "${workflowsPath}" does not exist`);
  return {
    ...options,
    workflowsPath: ALL_WORKFLOWS,
    webpackConfigHook: (config) => {
      const { resolve } = config;
      const alias = { ...(resolve?.alias as object), [HOST_WORKFLOWS]: workflowsPath };
      return webpackConfigHook({ ...config, resolve: { ...resolve, alias } });
    },
  };
}
