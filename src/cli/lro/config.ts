/** `lro config …`: the worker's file read as a worker reads it, without a worker. */
import type { Command } from 'commander';
import { ConfigError, loadConfig, secretProblem, type AuthConfig, type LroConfig, type SecretRef } from '../../config';
import { print } from './command';
import { UsageError } from './failures';
import { forShell } from './terminal';

/** What a worker reads unless LRO_CONFIG names another. */
export const DEFAULT_CONFIG_PATH = 'lro.config.yaml';

const FILE_HELP = `default: LRO_CONFIG, or ${DEFAULT_CONFIG_PATH}`;

/** The same fields whether the file is right or not. */
export interface CheckedFile {
  file: string;
  ok: boolean;
  /** One line each, with its place in the file. */
  mistakes: readonly string[];
  /** Secrets that are not there: a worker starts without them, and the requests of their connection wait. */
  missing: string[];
  /** Name → base URL. */
  connections: Record<string, string>;
  fileHash?: string;
}

export function addConfigCommands(program: Command): void {
  const group = program.command('config').description("check the worker's file, and list its connections");
  group
    .command('check')
    .argument('[file]', FILE_HELP)
    .description('name every mistake in the file, with its line; exit code 2 when there is one')
    .option('--json', 'print JSON')
    .action((file: string | undefined, options: { json?: true }) => {
      const checked = checkFile(file ?? configPath());
      print(options, checked, fileText);
      if (!checked.ok) process.exitCode = 2;
    });
  group
    .command('connections')
    .argument('[file]', FILE_HELP)
    .description('the names of its connections, a line each')
    .option('--json', 'print JSON, and errors as JSON')
    .action((file: string | undefined, options: { json?: true }) => {
      const path = file ?? configPath();
      const { ok, connections } = checkFile(path);
      if (!ok) throw new UsageError(`${path} is wrong; lro config check ${forShell(path)} names every mistake`);
      print(options, Object.keys(connections), (names) => names.join('\n'));
    });
}

/** The file that the environment names. */
export function configPath(): string {
  return process.env['LRO_CONFIG'] ?? DEFAULT_CONFIG_PATH;
}

export function checkFile(file: string): CheckedFile {
  let config: LroConfig;
  try {
    config = loadConfig(file);
  } catch (err) {
    if (!(err instanceof ConfigError)) throw err;
    return { file, ok: false, mistakes: err.mistakes, missing: [], connections: {} };
  }
  const { connections, fileHash } = config;
  const missing = Object.values(connections).flatMap(({ name, auth }) =>
    missingSecrets(auth).map((what) => `connection "${name}": ${what}`),
  );
  const urls = Object.fromEntries(Object.entries(connections).map(([name, { baseUrl }]) => [name, baseUrl]));
  return { file, ok: true, mistakes: [], missing, connections: urls, ...(fileHash === undefined ? {} : { fileHash }) };
}

/** What is wrong with the secrets that these credentials are made of, a line each. */
export function missingSecrets(auth: AuthConfig): string[] {
  const refs: (SecretRef | undefined)[] = auth.type === 'none' ? [] : [auth.type === 'entra' ? auth.clientSecret : auth.value];
  return refs.flatMap((ref) => (ref === undefined ? [] : (secretProblem(ref, process.env)?.message ?? [])));
}

function fileText({ file, ok, mistakes, missing, connections, fileHash }: CheckedFile): string {
  if (!ok) return [`${file} is wrong, a worker would refuse it:`, ...mistakes.map((mistake) => `  ${mistake}`)].join('\n');
  return [
    `${file} is right (file ${String(fileHash)})`,
    ...Object.entries(connections).map(([name, baseUrl]) => `  connection "${name}" → ${baseUrl}`),
    ...missing.map((what) => `  not there yet: ${what}; requests of that connection wait for it`),
  ].join('\n');
}
