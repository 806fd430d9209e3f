/**
 * Secrets are named by reference, never written into the file.
 *
 * Keeps true: no message here holds a secret, and what is returned holds none either.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { SecretRef } from './types';

/** What a reference is checked against when the file is read. */
export interface SecretLookup {
  env: NodeJS.ProcessEnv;
  /** Makes a path of the file absolute. */
  resolvePath: (path: string) => string;
  /** Whether a secret that is not there yet is no mistake: the worker starts, and says so. */
  mayBeMissing?: boolean;
}

const BY_REFERENCE = 'secrets are named by reference: { env: NAME } or { file: PATH }';

/** What is wrong with the secret at a reference. `isMissing`: somebody has still to set it; else its place is wrong. */
export interface SecretProblem {
  isMissing: boolean;
  message: string;
}

/** Why the secret at `ref` cannot be had now, or undefined when it can. */
export function secretProblem(ref: SecretRef, env: NodeJS.ProcessEnv): SecretProblem | undefined {
  if ('env' in ref) {
    const value = env[ref.env];
    if (value === undefined) return { isMissing: true, message: `environment variable ${ref.env} is not set` };
    return value.trim() === '' ? { isMissing: true, message: `environment variable ${ref.env} is empty` } : undefined;
  }
  try {
    return readFileSync(ref.file, 'utf8').trim() === '' ? { isMissing: true, message: `file ${ref.file} is empty` } : undefined;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    return code === 'ENOENT'
      ? { isMissing: true, message: `file ${ref.file} does not exist` }
      : { isMissing: false, message: `file ${ref.file} cannot be read (${code})` };
  }
}

/** A reference as the file writes it; undefined when it is none. */
function refOf(value: unknown): SecretRef | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const [entry, ...others] = Object.entries(value);
  if (entry === undefined || others.length > 0 || typeof entry[1] !== 'string' || entry[1] === '') return undefined;
  if (entry[0] === 'env') return { env: entry[1] };
  return entry[0] === 'file' ? { file: entry[1] } : undefined;
}

/** Schema of a reference. Its secret must be there when the file is read, unless it may be missing. */
export function secretRefSchema({ env, resolvePath, mayBeMissing = false }: SecretLookup) {
  return z.unknown().transform((value, context): SecretRef => {
    const refuse = (message: string) => {
      context.addIssue({ code: 'custom', message, input: value });
      return z.NEVER;
    };
    if (value === undefined) return refuse(`is required; ${BY_REFERENCE}`);
    if (typeof value !== 'object' || value === null) return refuse(`must not be written here: ${BY_REFERENCE}`);
    const written = refOf(value);
    if (written === undefined) return refuse(`must be one reference; ${BY_REFERENCE}`);
    const ref: SecretRef = 'file' in written ? { file: resolvePath(written.file) } : written;
    const problem = secretProblem(ref, env);
    return problem === undefined || (mayBeMissing && problem.isMissing) ? ref : refuse(problem.message);
  });
}
