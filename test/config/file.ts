/** A worker's file in a folder of its own, for one test. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, loadConfig, type LroConfig } from '../../src/config';

const folders: string[] = [];

/** Writes `yaml` (and `others` beside it) and returns the folder. */
export function folderWith(yaml: string, others: Record<string, string> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'lro-config-'));
  folders.push(folder);
  for (const [name, text] of Object.entries({ 'lro.config.yaml': yaml, ...others })) writeFileSync(join(folder, name), text);
  return folder;
}

export function load(yaml: string, env: NodeJS.ProcessEnv = {}, others: Record<string, string> = {}): LroConfig {
  return loadConfig(join(folderWith(yaml, others), 'lro.config.yaml'), env);
}

/** The mistakes of a file that is refused, without the folder in front of the file's name. */
export function mistakesIn(yaml: string, env: NodeJS.ProcessEnv = {}): string[] {
  try {
    load(yaml, env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.message).toBe(error.mistakes.join('\n'));
    return error.mistakes.map((line) => line.replace(/^\S*lro\.config\.yaml/, 'lro.config.yaml'));
  }
  throw new Error('the file was accepted');
}

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
