/** The emulator, the demo, the receiver of webhooks, the codec server and `lro dev`. */
import { section } from '../wrong-use';

const CODEC = 'LRO_ENCRYPTION_KEYS_FILE=keys.yaml LRO_CODEC_TOKEN=$CODEC_TOKEN lro codec-server';

export const EMULATOR = section('The emulator', 'bash', [
  ['a port that is no number', 'emulator --port abc', 2, ["'abc' is invalid", '--port', 'It must be a number', '--help']],
  ['a port out of range', 'emulator --port 99999', 2, ['--port', '<=65535', '--help']],
  ['a port that is taken', 'emulator --port $TAKEN_PORT', 2, ['localhost:9000', 'another process listens at', '--port names another']],
  ['a mistyped option', 'emulator --prot 1', 2, ["unknown option '--prot'", 'Did you mean --port?']],
  ['an argument', 'emulator extra', 2, ['too many arguments', '--help']],
  ['an address that this machine has not', 'emulator --host 203.0.113.9 --port 0', 2, ['203.0.113.9', 'cannot listen', '--host']],
  ['a folder for the database', 'emulator --database a-folder --port 0', 2, ['a-folder', 'cannot be opened', '--database']],
  ['a database that is none', 'emulator --database batch.yaml --port 0', 2, ['batch.yaml', 'cannot be opened', '--database']],
  ['a word for true or false', 'emulator --idempotency maybe', 2, ['--idempotency', "'maybe'", 'must be true or false']],
  ['a wait that is no number', 'emulator --retry-after-seconds soon', 2, ['--retry-after-seconds', 'must be a number', '--help']],
  ['a negative time', 'emulator --operation-seconds -1', 2, ['--operation-seconds', '>=0', '--help']],
  ['a header that it does not have', 'emulator --status-header Link', 2, ['--status-header', 'Operation-Location', '--help']],
  ['a level of the log that there is not', 'emulator --log-level loud', 2, ['--log-level', "'loud'", 'Allowed choices']],
  ['a variable that is no number', 'EMULATOR_PORT=abc emulator', 2, ['EMULATOR_PORT', "'abc'", 'must be a number']],
  ['a variable that is empty', 'EMULATOR_PORT= emulator', 2, ['EMULATOR_PORT', "''", 'must be a number']],
]);

export const DEMO = section('The demo and `lro dev`', 'bash', [
  ['a mistyped option', 'demo --keeep', 2, ["unknown option '--keeep'", 'Did you mean --keep?']],
  ['a Web UI that is no URL', 'demo --ui nonsense', 2, ['--ui', "'nonsense'", 'must be an http(s) URL']],
  [
    'nobody at the address',
    'TEMPORAL_ADDRESS=localhost:9 demo',
    3,
    ['localhost:9', 'nobody answers', 'without it the demo starts its own'],
    { varies: true },
  ],
  ['a port that is no number', 'lro dev --port abc', 2, ['--port', "'abc'", 'from 0 to 65535']],
  [
    'a port that is taken',
    'lro dev --port $TAKEN_PORT --ui-port 0 --emulator-port 0',
    2,
    ['in use by another process', '9000', '--port 0'],
  ],
  [
    'a file with mistakes',
    'lro dev --config wrong.config.yaml --port 0 --ui-port 0 --emulator-port 0',
    2,
    ['the worker would refuse wrong.config.yaml', 'did you mean "baseUrl"?'],
  ],
  [
    'a folder for the database',
    'lro dev --db-filename a-folder --port 0 --ui-port 0 --emulator-port 0',
    2,
    ['a-folder is a folder', '--db-filename', 'name the file'],
  ],
]);

export const RECEIVERS = section('The receiver of webhooks, and the codec server', 'bash', [
  ['an argument', 'webhooks --listen x', 2, ['has no argument "--listen"', 'the receiver of webhooks', '--help']],
  ['a file without webhooks', 'webhooks', 2, ['webhooks: is not in the file', '{ publicUrl, secret }']],
  ['a file that does not exist', 'LRO_CONFIG=missing.yaml webhooks', 2, ['missing.yaml', 'does not exist', 'LRO_CONFIG']],
  ['a place without a host', 'LRO_WEBHOOKS_LISTEN=8090 webhooks', 2, ['LRO_WEBHOOKS_LISTEN', 'must be host:port']],
  ['no secret', 'LRO_CONFIG=hooks.config.yaml webhooks', 2, ['webhooks.secret', 'environment variable HOOK_SECRET is not set']],
  [
    'a secret that is too short',
    'LRO_CONFIG=hooks.config.yaml HOOK_SECRET=short webhooks',
    2,
    ['webhooks.secret', 'holds a secret of 5 bytes', 'openssl rand'],
  ],
  [
    'a port that is taken',
    'LRO_CONFIG=hooks.config.yaml HOOK_SECRET=$CODEC_TOKEN LRO_WEBHOOKS_LISTEN=$TAKEN webhooks',
    2,
    ['cannot listen at localhost:9000', 'another process has this port'],
  ],
  ['a codec server without keys', 'lro codec-server', 2, ['no keys', 'set LRO_ENCRYPTION_KEYS_FILE']],
  [
    'a codec server without a token',
    'LRO_ENCRYPTION_KEYS_FILE=keys.yaml lro codec-server',
    2,
    ['no token', 'set LRO_CODEC_TOKEN', 'openssl rand -hex 32'],
  ],
  [
    'a token that is too short',
    'LRO_ENCRYPTION_KEYS_FILE=keys.yaml LRO_CODEC_TOKEN=short lro codec-server',
    2,
    ['LRO_CODEC_TOKEN', '16 to 4096 visible characters'],
  ],
  [
    'a token in a variable and in a file',
    'LRO_ENCRYPTION_KEYS_FILE=keys.yaml LRO_CODEC_TOKEN=a LRO_CODEC_TOKEN_FILE=keys.yaml lro codec-server',
    2,
    ['LRO_CODEC_TOKEN_FILE', 'must not be set beside', 'set one of them'],
  ],
  [
    'a port of the codec server that is taken',
    `${CODEC} --listen $TAKEN`,
    2,
    ['localhost:9000', 'another process has this port', '--listen'],
  ],
  ['a certificate without its key', `${CODEC} --tls-cert tls/server.pem`, 2, ['--tls-cert and --tls-key', 'must be given both, or none']],
  [
    'a certificate that is not there',
    `${CODEC} --tls-cert missing.pem --tls-key tls/server.key`,
    2,
    ['missing.pem', 'does not exist', '--tls-cert'],
  ],
  [
    'a certificate with the key of another',
    `${CODEC} --tls-cert tls/server.pem --tls-key tls/client.key`,
    2,
    ['tls/server.pem, tls/client.key', 'must be a certificate and its private key'],
  ],
  ['every origin', `${CODEC} --allow-origin '*'`, 2, ['--allow-origin', 'must be an origin such as']],
  [
    'no authentication for everybody',
    'LRO_ENCRYPTION_KEYS_FILE=keys.yaml lro codec-server --no-authentication --listen 0.0.0.0:8082',
    2,
    ['--no-authentication', 'only with --listen at 127.0.0.1'],
  ],
]);
