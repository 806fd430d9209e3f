/** `lro codec-server`: decrypts for Temporal's Web UI and command line. SIGHUP: keys and certificate are read again. */
import { once } from 'node:events';
import { isIP } from 'node:net';
import type { Command } from 'commander';
import pino from 'pino';
import { ConfigError, isPlace } from '../../config';
import { keysOfEnvironment } from '../../encryption';
import { collect } from './command';
import { UsageError } from './failures';
import { writeOut } from './terminal';

const DEFAULT_LISTEN = '127.0.0.1:8082';

interface CodecServerCommandOptions {
  listen: string;
  allowOrigin?: string[];
  namespace?: string[];
  tlsCert?: string;
  tlsKey?: string;
  authentication: boolean;
}

const HELP = `
Keys: LRO_ENCRYPTION_KEYS_FILE or LRO_ENCRYPTION_KEYS, the same as the workers have.
Token: LRO_CODEC_TOKEN, or LRO_CODEC_TOKEN_FILE with one a line. Programs send "Authorization: Bearer <token>"
(temporal --codec-endpoint <url> --codec-auth "Bearer <token>"); a browser signs in at /.`;

export function addCodecServerCommand(program: Command): void {
  program
    .command('codec-server')
    .description("decrypt payloads for Temporal's Web UI and command line, until SIGTERM")
    .option('--listen <host:port>', 'where; port 0: a free one', DEFAULT_LISTEN)
    .option('--allow-origin <origin>', 'of a Web UI whose pages may ask, such as https://temporal.example.com; may be repeated', collect)
    .option('--namespace <name>', 'the only one that is served; may be repeated (default: any)', collect)
    .option('--tls-cert <file>', 'certificate (chain) in PEM; needs --tls-key')
    .option('--tls-key <file>', 'its private key in PEM')
    .option('--no-authentication', 'whoever reaches it may decrypt; only at a loopback address')
    .addHelpText('after', HELP)
    .action(run);
}

async function run(options: CodecServerCommandOptions): Promise<void> {
  // Loaded here: other commands do without the server.
  const { openCodecServer, tokensOf, TOKEN_FILE_VARIABLE, TOKEN_VARIABLE } = await import('../../codec-server');
  const { listen, allowOrigin: origins = [], namespace: namespaces = [], tlsCert, tlsKey, authentication } = options;
  const log = pino({ base: undefined, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ fd: 2, sync: true }));
  const mistakes: string[] = [];
  const tried = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (err) {
      if (!(err instanceof ConfigError)) throw err;
      mistakes.push(...err.mistakes);
      return undefined;
    }
  };
  const keys = tried(() =>
    keysOfEnvironment(process.env, {
      changed: ({ current }) => log.info({ current }, 'other encryption keys are in use'),
      refused: (wrong) => log.error({ mistakes: wrong }, 'the file with encryption keys is refused, the keys before stay in use'),
      missed: (keyId, message) => log.warn({ keyId }, message),
    }),
  );
  const tokens = authentication ? (tried(() => tokensOf(process.env)) ?? []) : [];
  if (keys?.encrypts === false) mistakes.push('no keys: set LRO_ENCRYPTION_KEYS_FILE or LRO_ENCRYPTION_KEYS');
  if (!isPlace(listen)) mistakes.push('--listen: must be host:port');
  if ((tlsCert === undefined) !== (tlsKey === undefined)) mistakes.push('--tls-cert and --tls-key: must be given both, or none');
  for (const origin of origins)
    if (!isOrigin(origin)) mistakes.push(`--allow-origin: must be an origin such as https://temporal.example.com, without a path or "*"`);
  if (!authentication && !isLoopback(listen)) mistakes.push('--no-authentication: only with --listen at 127.0.0.1, [::1] or localhost');
  if (authentication && tokens.length === 0 && mistakes.length === 0)
    mistakes.push(`no token: set ${TOKEN_VARIABLE} or ${TOKEN_FILE_VARIABLE} ("openssl rand -hex 32" makes one)`);
  if (mistakes.length > 0 || keys === undefined) throw new UsageError(['the codec server is not set up right:', ...mistakes].join('\n  '));

  const tls = tlsCert === undefined || tlsKey === undefined ? undefined : { cert: tlsCert, key: tlsKey };
  const server = await openCodecServer({ keys, listen, tokens, origins, namespaces, tls, log }).catch((err: unknown) => {
    throw err instanceof ConfigError ? new UsageError(err.message) : err;
  });
  process.on('SIGHUP', () => server.reload());
  const open = tokens.length === 0 ? ', WITHOUT AUTHENTICATION' : '';
  writeOut(`codec server ready at ${server.url}, key "${keys.current?.id ?? ''}", known ${keys.ids.join(', ')}${open}`);
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  await server.close();
}

function isOrigin(written: string): boolean {
  return URL.canParse(written) && /^https?:$/.test(new URL(written).protocol) && new URL(written).origin === written;
}

function isLoopback(listen: string): boolean {
  const host = listen.slice(0, listen.lastIndexOf(':')).replace(/^\[|\]$/g, '');
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
