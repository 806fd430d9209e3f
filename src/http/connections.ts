/** All connections of the worker's file. */
import type { LroConfig } from '../config';
import { Connection, type ConnectionSurroundings } from './connection';

export type OpenOptions = Omit<ConnectionSurroundings, 'files'>;

export interface Connections {
  /** Undefined when the file has no connection of this name. */
  get(name: string): Connection | undefined;
  names(): string[];
  /** Closes idle sockets of all. */
  close(): void;
}

/** Opens no socket yet; that happens with the first exchange. */
export function openConnections(config: LroConfig, options: OpenOptions = {}): Connections {
  const opened = new Map(
    Object.entries(config.connections).map(([name, connection]) => [name, new Connection(connection, { ...options, files: config.files })]),
  );
  return {
    get: (name) => opened.get(name),
    names: () => [...opened.keys()],
    close: () => {
      for (const connection of opened.values()) connection.close();
    },
  };
}
