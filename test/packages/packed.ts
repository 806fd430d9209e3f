/** The three tarballs as `npm pack` makes them of a checkout without a build, and projects that install them. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../support/config';

export const ROOT = join(__dirname, '..', '..');

/** What the packages are made of. */
const SOURCES = [
  ...['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'LICENSE', 'README.md', 'CHANGELOG.md', 'SECURITY.md'],
  ...['src', 'schemas', 'docs', 'scripts', 'packages/client/package.json', 'packages/client/README.md'],
  ...['packages/dev/package.json', 'packages/dev/README.md'],
];

export const PACKAGES = ['durable-lro-client', 'durable-lro-dev', 'durable-lro'] as const;
export type PackageName = (typeof PACKAGES)[number];

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end, whatever that is. */
export function run(command: string, args: string[], cwd: string, env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  return new Promise((resolve) => {
    const options = { cwd, env: { ...process.env, ...env }, maxBuffer: 2 ** 26 };
    execFile(command, args, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ code, stdout, stderr });
    });
  });
}

/** @throws Error with what it wrote, where it failed */
export async function succeed(command: string, args: string[], cwd: string, env?: NodeJS.ProcessEnv): Promise<string> {
  const { code, stdout, stderr } = await run(command, args, cwd, env);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${stdout}\n${stderr}`);
  return stdout;
}

/** Of a checkout that has never been built, beside the one that tests run in. @returns the tarballs, by name */
export async function packAll(): Promise<Record<PackageName, string>> {
  const [checkout, folder] = [temporaryFolder(), temporaryFolder()];
  for (const path of SOURCES) cpSync(join(ROOT, path), join(checkout, path), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(checkout, 'node_modules'));
  await succeed('npm', ['pack', '--workspaces', '--include-workspace-root', '--pack-destination', folder], checkout);
  const found = readdirSync(folder);
  const entries = PACKAGES.map((name) => {
    const file = found.find((tarball) => new RegExp(`^${name}-\\d`).test(tarball));
    if (file === undefined) throw new Error(`there is no tarball of ${name} among ${found.join(', ')}`);
    return [name, join(folder, file)] as const;
  });
  return Object.fromEntries(entries) as Record<PackageName, string>;
}

/** An empty project that has the tarballs and what they depend on, from npm's cache where that has it. @returns its folder */
export async function projectWith(tarballs: readonly string[]): Promise<string> {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'empty', private: true }));
  await succeed('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', ...tarballs], folder);
  return folder;
}

export function write(folder: string, files: Record<string, string>): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
}

/** What the files of a folder hold, in MB of 1,000,000 bytes. */
export function megabytesOf(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0) / 1_000_000;
}
