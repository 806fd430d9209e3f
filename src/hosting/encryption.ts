/** The encryption keys of a process that works or receives: of its environment, with what happens to them in its log. */
import type { Logger } from 'pino';
import { ConfigError } from '../config';
import { keysOfEnvironment, type KeySource } from '../encryption';

/** What is wrong with the keys that the environment names, a line each. */
export function encryptionMistakes(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    keysOfEnvironment(env);
    return [];
  } catch (err) {
    if (err instanceof ConfigError) return err.mistakes;
    throw err;
  }
}

/** None where the environment names none. @throws ConfigError with every mistake */
export function workerKeys(env: NodeJS.ProcessEnv, log: Logger): KeySource {
  return keysOfEnvironment(env, {
    changed: ({ current, known }) => log.info({ current, known: [...known.keys()] }, 'other encryption keys are in use'),
    refused: (mistakes) => {
      for (const mistake of mistakes) log.error({ mistake }, 'the file with encryption keys is refused, the keys before stay in use');
    },
    missed: (keyId, message) => log.error({ keyId }, `${message}; what needs it is tried again until a worker with it is there`),
  });
}
