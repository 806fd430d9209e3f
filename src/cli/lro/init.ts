/**
 * `lro init`: writes the worker's file for one service of one's own.
 *
 * Keeps true: a file that is there is replaced with --force only; what is written has been read as a worker reads it before; a secret is
 * named, never asked for and never written.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { PRESETS } from '../../lro/dialects';
import { ConfigError, loadConfig } from '../../config';
import { print } from './command';
import { DEFAULT_CONFIG_PATH } from './config';
import { UsageError } from './failures';
import { askForConnection } from './init-questions';
import { AUTH_KINDS, configText, secretOf, type NewConnection } from './new-connection';

interface InitCommandOptions extends Partial<NewConnection> {
  output: string;
  force?: true;
  json?: true;
}

export function addInitCommand(program: Command): void {
  program
    .command('init')
    .description("write the worker's file for a service of your own, asked or by flags")
    .option('--connection <name>', 'by which inputs name the service (default: default)')
    .option('--base-url <url>', 'submits go below it; without it this command asks')
    .addOption(new Option('--auth <kind>', 'how the service knows the worker (default: none)').choices(AUTH_KINDS))
    .option('--key-name <name>', 'of the header or query parameter that carries the key (default: api-key)')
    .option('--secret-env <name>', 'environment variable that holds the secret (default: <CONNECTION>_KEY)')
    .option('--secret-file <path>', 'file that holds the secret, instead of --secret-env')
    .option('--scope <scope>', 'of --auth entra, like https://atlas.microsoft.com/.default')
    .option('--tenant-id <id>', 'of --auth entra with an application of your own')
    .option('--client-id <id>', 'of --auth entra: of an application, or of a managed identity')
    .option('--api-version <version>', 'sent as query parameter api-version with every request')
    .addOption(
      new Option('--dialect <name>', 'how the service says where a job is polled and how it ended (default: azure)').choices([
        'azure',
        ...Object.keys(PRESETS),
      ]),
    )
    .option('--output <file>', 'the file', DEFAULT_CONFIG_PATH)
    .option('--force', 'replace a file that is there')
    .option('--json', 'print JSON')
    .action(init);
}

async function init({ output, force, json, ...given }: InitCommandOptions): Promise<void> {
  // Before anything is asked.
  if (existsSync(output) && statSync(output).isDirectory()) throw new UsageError(`${output} is a folder; --output <file> names a file`);
  if (existsSync(output) && force !== true)
    throw new UsageError(`${output} exists already; --force replaces it, --output <file> writes another`);
  const connection = given.baseUrl === undefined ? await ask(given) : { connection: 'default', baseUrl: given.baseUrl, ...given };
  const text = configText(connection);
  refuseWrong(text);
  write(output, text, force === true);
  print(json === true ? { json } : {}, { file: output, connection: connection.connection, baseUrl: connection.baseUrl }, () =>
    nextSteps(output, connection),
  );
}

async function ask(given: Partial<NewConnection>): Promise<NewConnection> {
  if (process.stdin.isTTY && process.stderr.isTTY) return await askForConnection(given);
  throw new UsageError('which service? Give --base-url <url> (on a terminal this command asks); "lro init --help" has the other flags');
}

/** `wx`: a file that somebody else wrote meanwhile stays. */
function write(output: string, text: string, force: boolean): void {
  try {
    mkdirSync(dirname(resolve(output)), { recursive: true });
    writeFileSync(output, text, { flag: force ? 'w' : 'wx' });
  } catch (err) {
    throw new UsageError(
      `${output} cannot be written (${(err as NodeJS.ErrnoException).code ?? 'unknown error'}); --output <file> names another`,
    );
  }
}

/** @throws UsageError with every mistake, as the worker would name it */
function refuseWrong(text: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'lro-init-'));
  const file = join(folder, DEFAULT_CONFIG_PATH);
  try {
    writeFileSync(file, text);
    loadConfig(file);
  } catch (err) {
    if (!(err instanceof ConfigError)) throw err;
    // Where it stands in a file that nobody has is of no use.
    const mistakes = err.mistakes.map((mistake) => `  ${mistake.replaceAll(file, '').replace(/^:\d+:\d+ /, '')}`);
    throw new UsageError(`a worker would refuse this, nothing was written:\n${mistakes.join('\n')}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function nextSteps(output: string, connection: NewConnection): string {
  const secret = secretOf(connection);
  const file = output === DEFAULT_CONFIG_PATH ? '' : `LRO_CONFIG=${output} `;
  return [
    `${output}: connection "${connection.connection}" → ${connection.baseUrl}`,
    ...(secret === undefined
      ? []
      : 'env' in secret
        ? [`  its secret:   export ${secret.env}=…`]
        : [`  its secret:   put it into ${secret.file}`]),
    `  check it:     lro config check ${output}`,
    `  a worker:     ${file}node ${relative(process.cwd(), resolve(__dirname, '../../worker.js'))}`,
    `  or with it a Temporal of its own: lro dev --config ${output}`,
  ].join('\n');
}
