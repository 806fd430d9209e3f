/**
 * `npm run recordings`: `lro dev`, `lro run` and `lro batch run` typed into a shell on a pseudo-terminal, recorded as docs/images/*.cast
 * (asciicast) and *.svg.
 *
 * Keeps true: what is shown has happened; a recording that names this machine, its user or its folders is not written. It needs the usual
 * ports of `lro dev`, since people see them.
 */
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { provisionTemporalCli } from '../../src/devserver';
import { EmulatorAdmin } from '../../src/emulator';
import { temporaryFolder } from '../support/config';
import { LRO_PROGRAM } from '../support/lro-command';
import { KEYS, TerminalProgram } from '../support/terminal';
import { castText, tellsOfMachine, withoutPauses, type Cast, type CastEvent } from './cast';
import { framesOf } from './frames';
import { svgOf } from './svg';

const IMAGES = resolve(__dirname, '../../docs/images');
const COLUMNS = 100;
const EMULATOR = 'http://127.0.0.1:4010';
const PROMPT = '$ ';
/** As a quick typist. */
const KEY_MS = 45;
/** Of three words or so, which is a screen each. */
const KEYS_A_SCREEN = 6;

/** A shell in which a person types. */
class Shell {
  readonly terminal: TerminalProgram;
  private readonly events: CastEvent[] = [];
  private readonly beganAtMs = performance.now();

  constructor(
    private readonly rows: number,
    cwd: string,
    env: NodeJS.ProcessEnv,
  ) {
    const onOutput = (text: string): number => this.events.push({ atSeconds: (performance.now() - this.beganAtMs) / 1000, text });
    const options = { cwd, env: { ...env, PS1: PROMPT, PS2: '' }, columns: COLUMNS, rows, onOutput: (text: string) => void onOutput(text) };
    this.terminal = new TerminalProgram('bash', ['--norc', '--noprofile', '--noediting'], options);
  }

  async type(line: string): Promise<void> {
    await this.terminal.shows(/\$$/);
    for (let index = 0; index < line.length; index += KEYS_A_SCREEN) {
      this.terminal.type(line.slice(index, index + KEYS_A_SCREEN));
      await sleep(KEY_MS * KEYS_A_SCREEN);
    }
    this.terminal.type(KEYS.enter);
  }

  /** Waits until the prompt is there again. */
  async untilDone(): Promise<void> {
    await this.terminal.shows(/\n\$$/);
  }

  /** @throws Error where it would tell of this machine */
  async save(name: string, title: string): Promise<void> {
    const cast: Cast = withoutPauses({ columns: COLUMNS, rows: this.rows, title, events: this.events });
    const text = castText(cast);
    const told = tellsOfMachine(`${text}\n${await this.terminal.text()}`);
    if (told.length > 0) throw new Error(`${name}: the recording tells of this machine: ${told.join(', ')}`);
    const svg = svgOf(cast, await framesOf(cast));
    mkdirSync(IMAGES, { recursive: true });
    writeFileSync(join(IMAGES, `${name}.cast`), text);
    writeFileSync(join(IMAGES, `${name}.svg`), svg);
    console.log(`docs/images/${name}.svg: ${svg.length} bytes, ${name}.cast: ${text.length} bytes`);
  }
}

/** A folder with `lro` and `temporal` as if they were installed, and what is typed needs. */
async function prepare(): Promise<{ folder: string; env: NodeJS.ProcessEnv }> {
  const folder = temporaryFolder();
  const programs = temporaryFolder();
  const program = join(programs, 'lro');
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${LRO_PROGRAM}' "$@"\n`);
  chmodSync(program, 0o755);
  // By a name that is the same everywhere.
  symlinkSync((await provisionTemporalCli()).path, join(folder, 'temporal'));
  const body = { type: 'FeatureCollection', features: [] };
  writeFileSync(join(folder, 'campus-7.geojson'), JSON.stringify(body));
  const items = Array.from({ length: 120 }, (_, index) => ({
    id: `floor-${index}`,
    submit: { path: '/mapData', query: { dataFormat: 'geojson' }, body },
  }));
  writeFileSync(join(folder, 'floors.yaml'), JSON.stringify({ items, defaults: { connection: 'maps' }, maxInFlight: 12 }));
  return { folder, env: { PATH: [programs, process.env['PATH']].join(delimiter), TEMPORAL_CLI_PATH: './temporal' } };
}

async function main(): Promise<void> {
  const { folder, env } = await prepare();
  const shells: Shell[] = [];
  const open = (rows: number): Shell => {
    const shell = new Shell(rows, folder, env);
    shells.push(shell);
    return shell;
  };
  try {
    const dev = open(16);
    await dev.type('lro dev');
    await dev.terminal.shows(/Ctrl-C ends all of it/);
    await dev.save('lro-dev', 'lro dev: Temporal, its Web UI, an emulated service and a worker in one terminal');

    const admin = new EmulatorAdmin(EMULATOR);
    await admin.setDefaults({ durationSeconds: 7, retryAfter: '3' });
    const run = open(16);
    await run.type('lro run --connection maps --path /mapData --query dataFormat=geojson --body @campus-7.geojson');
    await run.untilDone();
    await run.save('lro-run', 'lro run: a long-running operation, from its submit to its result');

    await admin.setDefaults({ durationSeconds: 2, retryAfter: '1' });
    const batch = open(10);
    await batch.type('lro batch run --input floors.yaml --id floors-of-campus-7');
    await batch.untilDone();
    await batch.save('lro-batch', 'lro batch run: 120 operations, twelve at a time');

    dev.terminal.type(KEYS.ctrlC);
    await dev.untilDone();
  } finally {
    await Promise.all(shells.map(({ terminal }) => terminal.close()));
  }
}

void main();
