/** What is so on this machine, whatever answers elsewhere: Node.js, the worker's file, the keys. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, loadConfig, type LroConfig } from '../../config';
import { keysOfEnvironment } from '../../encryption';
import { fail, ok, warn, type Check } from './check';

export function checkNode(): Check {
  const { engines } = JSON.parse(readFileSync(join(__dirname, '../../../package.json'), 'utf8')) as { engines: { node: string } };
  const least = Number(/\d+/.exec(engines.node)?.[0]);
  const message = `${process.version}, at ${process.execPath}`;
  if (Number(process.versions.node.split('.')[0]) >= least) return ok('Node.js', message);
  return fail('Node.js', message, `install Node.js ${least} or newer`);
}

/** The file as a worker would read it here. */
export function checkFileOf(path: string): { check: Check; config?: LroConfig } {
  const name = `file ${path}`;
  try {
    const config = loadConfig(path);
    const names = Object.keys(config.connections).join(', ');
    return { check: ok(name, `hash ${String(config.fileHash)}, connections: ${names}`), config };
  } catch (err) {
    if (!(err instanceof ConfigError)) throw err;
    return { check: fail(name, err.message, 'mend it until "lro config check" finds no mistake; "lro init" writes a new one') };
  }
}

export function checkKeys(): Check {
  const name = 'encryption';
  try {
    const { current, ids, encrypts } = keysOfEnvironment(process.env);
    if (!encrypts) return ok(name, 'no keys in this environment: payloads are not encrypted');
    return ok(name, `encrypts with key "${String(current?.id)}", knows ${ids.join(', ')}; workers and clients need the same`);
  } catch (err) {
    if (!(err instanceof ConfigError)) throw err;
    return fail(name, err.message, 'correct LRO_ENCRYPTION_KEYS_FILE or LRO_ENCRYPTION_KEYS, see docs/encryption.md');
  }
}

/** How far this machine's clock may be from another's before a person should look. */
const MAX_SKEW_SECONDS = 5;

/**
 * @param thereMs what the other one says, in milliseconds since the epoch, to the second
 * @param hereMs when it may have been said, by this clock: between asking and the answer
 */
export function checkClock(name: string, thereMs: number, hereMs: { from: number; to: number }): Check {
  // A Date header is cut to the second.
  const early = (hereMs.from - (thereMs + 1000)) / 1000;
  const late = (thereMs - hereMs.to) / 1000;
  const seconds = Math.max(early, late, 0);
  const clock = `clock against ${name}`;
  if (seconds <= MAX_SKEW_SECONDS) return ok(clock, seconds === 0 ? 'agrees to the second' : `differs by ${seconds.toFixed(1)} s`);
  return warn(
    clock,
    `this machine is ${seconds.toFixed(0)} s ${early > late ? 'ahead' : 'behind'}`,
    'set the clock of this machine by NTP (chrony, systemd-timesyncd); tokens and signatures may be refused until then',
  );
}
