/** All connections of the worker's file. */
import { fileHashOfConfig, secretProblem, type ConnectionConfig, type LroConfig } from '../config';
import { openFiles, type Files } from '../files';
import { openCallbacks, type Callbacks } from '../transport/callbacks';
import { Connection, type ConnectionDependencies } from './connection';
import type { LogRedaction } from './log-redaction';
import { Redactor } from './redact';

export type OpenOptions = Omit<ConnectionDependencies, 'files' | 'callbackMarks'> & {
  /** Knows the secrets of these connections and files while they are open. */
  redaction?: LogRedaction;
};

export interface Connections {
  /** Undefined when the file has no connection of this name. */
  get(name: string): Connection | undefined;
  names(): string[];
  /** The files that callers may name. */
  readonly files: Files;
  /** Where services call back; undefined: nobody receives. */
  readonly callbacks?: Callbacks | undefined;
  /** Which version of the worker's file they are of. */
  readonly fileHash: string;
  /** Closes idle sockets of all. */
  close(): void;
}

/** Opens no socket yet; that happens with the first exchange. Connections whose secrets are not there yet are named in one warning. */
export function openConnections(config: LroConfig, options: OpenOptions = {}): Connections {
  const fileSecrets = new Redactor();
  const files = openFiles(config.files, { ...options, onSecret: (secret) => fileSecrets.add(secret) });
  const callbacks = config.webhooks && openCallbacks(config.webhooks, options.env);
  const given = { ...options, files, callbackMarks: callbacks?.marks };
  warnOfMissingSecrets(Object.values(config.connections), options);
  const opened = new Map(Object.entries(config.connections).map(([name, connection]) => [name, new Connection(connection, given)]));
  const redactors = [fileSecrets, ...[...opened.values()].map(({ redactor }) => redactor)];
  const unfollow = redactors.map((redactor) => options.redaction?.follow(redactor));
  return {
    get: (name) => opened.get(name),
    names: () => [...opened.keys()],
    files,
    callbacks,
    fileHash: fileHashOfConfig(config),
    close: () => {
      for (const connection of opened.values()) connection.close();
      files.close();
      for (const end of unfollow) end?.();
    },
  };
}

function warnOfMissingSecrets(connections: readonly ConnectionConfig[], { env = process.env, log }: OpenOptions): void {
  const missing = connections.flatMap(({ name, auth }) => {
    const ref = auth.type === 'none' ? undefined : auth.type === 'entra' ? auth.clientSecret : auth.value;
    const problem = ref && secretProblem(ref, env);
    return problem === undefined ? [] : [`${name}: ${problem.message}`];
  });
  if (missing.length > 0) log?.warn({ missing }, `connections without credentials, whose requests wait for them: ${missing.join('; ')}`);
}
