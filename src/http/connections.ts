/** All connections of the worker's file. */
import type { LroConfig } from '../config';
import { openFiles, type Files } from '../files';
import { Connection, type ConnectionSurroundings } from './connection';

export type OpenOptions = Omit<ConnectionSurroundings, 'files'>;

export interface Connections {
  /** Undefined when the file has no connection of this name. */
  get(name: string): Connection | undefined;
  names(): string[];
  /** The files that callers may name. */
  readonly files: Files;
  /** Closes idle sockets of all. */
  close(): void;
}

/** Opens no socket yet; that happens with the first exchange. */
export function openConnections(config: LroConfig, options: OpenOptions = {}): Connections {
  const files = openFiles(config.files, options);
  const opened = new Map(
    Object.entries(config.connections).map(([name, connection]) => [name, new Connection(connection, { ...options, files })]),
  );
  return {
    get: (name) => opened.get(name),
    names: () => [...opened.keys()],
    files,
    close: () => {
      for (const connection of opened.values()) connection.close();
      files.close();
    },
  };
}
