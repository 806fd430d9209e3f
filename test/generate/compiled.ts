/** Compiles generated code as a user's project does: strict, and against the package as it is installed. */
import { execFile } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const ROOT = resolve(__dirname, '../..');
const COMPILER = join(ROOT, 'node_modules/@typescript/native/bin/tsc');
const run = promisify(execFile);

/** @returns what the compiler has to say; empty where all is right */
export async function compile(folder: string): Promise<string> {
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  symlinkSync(ROOT, join(folder, 'node_modules/durable-lro'));
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        strict: true,
        noUncheckedIndexedAccess: true,
        exactOptionalPropertyTypes: true,
        verbatimModuleSyntax: false,
        module: 'commonjs',
        moduleResolution: 'bundler',
        target: 'es2022',
        skipLibCheck: true,
        types: ['node'],
        typeRoots: [join(ROOT, 'node_modules/@types')],
      },
    }),
  );
  return run(process.execPath, [COMPILER, '-p', folder]).then(
    () => '',
    (error: unknown) => (error as { stdout: string }).stdout,
  );
}

/** Runs a compiled program to its end, and reads the JSON that it prints. */
export async function runCompiled(path: string, args: string[], env: NodeJS.ProcessEnv): Promise<Record<string, unknown>> {
  const { stdout } = await run(process.execPath, [path, ...args], { env: { ...process.env, ...env } });
  return JSON.parse(stdout) as Record<string, unknown>;
}
