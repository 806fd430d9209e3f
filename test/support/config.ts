/** A worker's configuration for a test, checked and read like a real file. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { loadConfig, type LroConfig } from '../../src/config';

/** A folder of its own, gone when the process ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'durable-lro-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The parts of a connection that tests set; as in the file. */
export type ConnectionYaml = { baseUrl: string } & Record<string, unknown>;

/**
 * Writes a worker's file and returns its path. Polls are quick unless a test says otherwise, and rates are not shared: a worker that has just
 * started would begin with a part of them.
 */
export function writeConfig(connections: Record<string, ConnectionYaml>, more: Record<string, unknown> = {}): string {
  const path = join(temporaryFolder(), 'lro.config.yaml');
  const quick = Object.fromEntries(
    Object.entries(connections).map(([name, connection]) => [
      name,
      {
        ...connection,
        poll: { defaultSeconds: 1, minSeconds: 0, ...(connection['poll'] as object | undefined) },
        limits: { share: false, ...(connection['limits'] as object | undefined) },
      },
    ]),
  );
  writeFileSync(path, stringify({ connections: quick, ...more }));
  return path;
}

export function testConfig(
  connections: Record<string, ConnectionYaml>,
  more: Record<string, unknown> = {},
  env: NodeJS.ProcessEnv = process.env,
): LroConfig {
  return loadConfig(writeConfig(connections, more), env);
}
