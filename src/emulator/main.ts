#!/usr/bin/env node
/** The emulator as a program. Every option is also an environment variable: `--operation-seconds` is `EMULATOR_OPERATION_SECONDS`. */
import { Command, InvalidArgumentError, Option } from 'commander';
import pino from 'pino';
import { ZodError } from 'zod';
import type { EmulatorOptions } from './options';
import { startEmulator } from './server';

const SEE_HELP = '--help lists all options';

async function main(): Promise<void> {
  const { database, logLevel, ...options } = readArguments(process.argv);
  const emulator = await startEmulator({ ...options, databasePath: database }, pino({ level: logLevel }, pino.destination(2)));
  const stop = (): void => {
    void emulator.close().then(() => process.exit(0));
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  process.stdout.write(`emulator ready at ${emulator.url}\n`);
}

type ProgramOptions = EmulatorOptions & { database?: string; logLevel: string };

function readArguments(argv: string[]): ProgramOptions {
  const program = new Command('emulator').description('Emulates Azure Maps Creator and the rest of the family of long-running operations.');
  const add = (flags: string, description: string, read?: (value: string) => unknown): void => {
    const option = new Option(flags, description);
    if (read !== undefined) option.argParser(read);
    program.addOption(option.env(`EMULATOR_${option.name().toUpperCase().replaceAll('-', '_')}`));
  };
  program.showHelpAfterError(`(${SEE_HELP})`);
  program.exitOverride((err) => process.exit(err.exitCode === 0 ? 0 : 2));
  add('--host <address>', 'address to listen on (127.0.0.1)');
  add('--port <number>', 'port; 0 for any free one (4010)', toNumber);
  add('--database <file>', 'SQLite file that keeps the state (in memory)');
  add('--operation-seconds <seconds>', 'how long operations take (2)', toNumber);
  add('--retry-after-seconds <seconds>', 'Retry-After on open operations, or "none" (1)');
  add('--subscription-keys <keys>', 'comma-separated; requests need one of them', list);
  add('--tokens <tokens>', 'comma-separated; accepted as Bearer and jwt-sas', list);
  add('--admin-token <token>', 'of the admin API; without one it answers this machine only');
  add('--public-url <url>', 'what status URLs start with (the Host of the request)');
  add('--monitor-url <url>', "where the monitor of Graph's copy dialect is");
  add('--status-header <name>', 'Operation-Location, Location or both');
  add('--quote-resource-location <boolean>', 'true or false (true)', yes);
  add('--api-version-in-status-url <boolean>', 'true or false (true)', yes);
  add('--created-format <format>', 'us, iso or alternate (alternate)');
  add('--idempotency <boolean>', 'true or false (true): whether a repeated key finds its operation again', yes);
  add('--immediate-upload <boolean>', 'true or false (false): whether uploads are finished at once', yes);
  add('--max-upload-bytes <bytes>', 'larger uploads get 413 (1 GiB)', toNumber);
  add('--retention-seconds <seconds>', 'how long finished operations can be read (86400)', toNumber);
  add('--max-recorded-requests <count>', 'how many requests are remembered (200000)', toNumber);
  program.addOption(
    new Option('--log-level <level>', 'the log goes to stderr')
      .choices(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
      .default('error')
      .env('EMULATOR_LOG_LEVEL'),
  );
  const { retryAfterSeconds, ...options } = program
    .parse(argv)
    .opts<Omit<ProgramOptions, 'retryAfterSeconds'> & { retryAfterSeconds?: string }>();
  // Commander treats null from a parser as "no value", so "none" becomes null only here.
  const retryAfter = retryAfterSeconds === undefined ? undefined : retryAfterSeconds === 'none' ? null : toNumber(retryAfterSeconds);
  return { port: 4010, ...options, retryAfterSeconds: retryAfter };
}

function toNumber(value: string): number {
  const number = Number(value);
  if (value.trim() === '' || !Number.isFinite(number)) throw new InvalidArgumentError('It must be a number.');
  return number;
}

function list(value: string): string[] {
  return value.split(',').filter((part) => part !== '');
}

function yes(value: string): boolean {
  if (!['true', 'false'].includes(value)) throw new InvalidArgumentError('It must be true or false.');
  return value === 'true';
}

main().catch((error: unknown) => {
  // What keeps it from starting are its options: a wrong value, a port or file that it cannot have.
  process.stderr.write(`emulator: ${whyNotStarted(error)}\n`);
  process.exitCode = 2;
});

function whyNotStarted(error: unknown): string {
  if (error instanceof InvalidArgumentError) return `--retry-after-seconds: ${error.message} ${SEE_HELP}`;
  if (error instanceof ZodError) return `${error.issues.map(issueText).join('\n  ')}\n${SEE_HELP}`;
  const { code, syscall, address, port, message } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  if (code === 'EADDRINUSE')
    return `another process listens at ${String(address)}:${String(port)}; --port names another port, 0 any free one`;
  if (syscall === 'listen' || syscall === 'getaddrinfo') return `cannot listen: ${message}; --host and --port say where`;
  return message;
}

function issueText({ path: [name], message }: ZodError['issues'][number]): string {
  const flag = String(name)
    .replace(/Path$/, '')
    .replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return `--${flag}: ${message}`;
}
