/**
 * Follows a runbook: runs the commands of docs/runbooks.md as they stand there, in a shell with the variables that the document names.
 *
 * Keeps true: every block of commands is run, in the order of the document, or `finished` says which was not.
 */
import { execFile } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { provisionTemporalCli } from '../../src/devserver';
import { temporaryFolder } from '../support/config';
import { eventually } from '../support/eventually';
import { PARTS, readSections, type Part } from './document';

const LRO_PROGRAM = resolve(__dirname, '../../dist/cli/lro.js');

/** What Temporal answers to the second of two batch operations in a namespace: whoever follows the document tries again. */
const ONE_AT_A_TIME = 'Max concurrent batch operations';

let programs: Promise<string> | undefined;

/** `temporal` and `lro` of this project, as they are on an operator's PATH. */
async function programsFolder(): Promise<string> {
  const folder = temporaryFolder();
  symlinkSync((await provisionTemporalCli()).path, join(folder, 'temporal'));
  writeFileSync(join(folder, 'lro'), `#!/bin/sh\nexec "${process.execPath}" "${LRO_PROGRAM}" "$@"\n`, { mode: 0o755 });
  return folder;
}

export type Variables = Record<string, string>;

export class Runbook {
  private readonly left: Record<Part, string[]>;

  private constructor(
    title: string,
    /** Where the programs are, and where the commands are run. */
    private readonly folder: string,
    private readonly variables: Variables,
  ) {
    const section = readSections().find((one) => one.title === title);
    if (section === undefined) throw new Error(`the document has no runbook "${title}"`);
    this.left = Object.fromEntries(PARTS.map((part) => [part, [...section.parts[part].commands]])) as Record<Part, string[]>;
  }

  /** @param variables of the shell; `TEMPORAL_ADDRESS` is needed */
  static async open(title: string, variables: Variables): Promise<Runbook> {
    programs ??= programsFolder();
    return new Runbook(title, await programs, variables);
  }

  set(variables: Variables): void {
    Object.assign(this.variables, variables);
  }

  variable(name: string): string {
    return this.variables[name] ?? '';
  }

  /** Runs the next block of "What you see", again and again until it shows this; the rest of the runbook is about what it showed. */
  async see(...shown: (string | RegExp)[]): Promise<string> {
    const commands = this.next('What you see');
    return eventually(
      // A command that is refused says so in what is shown last.
      () => this.run(commands).catch(String),
      (output) => shown.every((one) => (typeof one === 'string' ? output.includes(one) : one.test(output))),
    );
  }

  /** Runs the next block of "What to do". */
  act(): Promise<string> {
    const commands = this.next('What to do');
    const run = (): Promise<string> =>
      this.run(commands).catch((error: unknown) => {
        if (String(error).includes(ONE_AT_A_TIME)) return ONE_AT_A_TIME;
        throw error;
      });
    return eventually(run, (output) => output !== ONE_AT_A_TIME);
  }

  /** Runs the next block of "It is over when", again and again until it is. */
  async untilOver(isOver: (output: string) => boolean): Promise<string> {
    const commands = this.next('It is over when');
    return eventually(() => this.run(commands), isOver);
  }

  /** All that the document says has been done. */
  finished(): void {
    expect(Object.values(this.left).flat()).toEqual([]);
  }

  private next(part: Part): string {
    const commands = this.left[part].shift();
    if (commands === undefined) throw new Error(`"${part}" has no further block of commands`);
    return commands;
  }

  private async run(commands: string): Promise<string> {
    const env = { ...process.env, ...this.variables, PATH: `${this.folder}${delimiter}${process.env['PATH'] ?? ''}` };
    // A variable that nobody has set is a mistake of the document or of its test.
    const { stdout, stderr } = await promisify(execFile)('sh', ['-eu', '-c', commands], { cwd: this.folder, env });
    return `${stdout}${stderr}`;
  }
}

/** `temporal workflow count` counted none. */
export const isNone = (output: string): boolean => /^Total: 0$/m.test(output);
