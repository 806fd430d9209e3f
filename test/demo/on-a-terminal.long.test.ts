/** The demo on a terminal: it stays up, and every line that it prints for people to copy works. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { blocksIn, lroCommandsIn, pageText } from '../docs/blocks';
import { temporaryFolder } from '../support/config';
import { TerminalProgram, KEYS } from '../support/terminal';
import { DEMO, expectNothingLeft } from './processes';

const ROOT = resolve(__dirname, '../..');
const run = promisify(execFile);

/** Lines of a shell in the folder of the project, after the `export` lines that the demo printed. */
async function typed(exports: readonly string[], line: string, cwd = ROOT): Promise<string> {
  return (await run('sh', ['-c', [...exports, line].join('\n')], { cwd })).stdout;
}

test('what it leaves running takes the lines that it prints, and those of the pages', async () => {
  const folder = temporaryFolder();
  const env = { TEMPORAL_ADDRESS: undefined, LRO_TASK_QUEUE: undefined, TMPDIR: folder };
  const demo = new TerminalProgram(process.execPath, [DEMO], { env });
  try {
    const screen = await demo.shows(/the worker's file: /);
    expect(screen.split('\n').filter((line) => line.length > 100)).toEqual([]);
    const [, block = ''] = /In another terminal:\n\n([^]*?)\n\n/.exec(screen) ?? [];
    const lines = block.split('\n').map((line) => line.trim());
    const exports = lines.filter((line) => line.startsWith('export '));
    const [tileset, refused, building, alone, built, list] = await Promise.all(
      lines.filter((line) => /^(node|npm) /.test(line)).map((line) => typed(exports, line)),
    );
    expect(tileset).toMatch(/^location: http:\S+\/tilesets\//m);
    expect(refused).toMatch(/^SubmissionRejected: /);
    expect(building).toMatch(/^tileset: http:\S+\/tilesets\//);
    for (const shown of [alone, built]) expect(shown).toMatch(/Succeeded/i);
    expect(list).toMatch(/demo\/tileset\/building-1/);

    // The batch of docs/batches.md, and the schedule of docs/schedules.md.
    const [batch] = blocksIn(pageText('docs/batches.md'), '').filter(({ language }) => language === 'yaml');
    const home = temporaryFolder();
    writeFileSync(join(home, 'batch.yaml'), batch?.code ?? '');
    const lro = (command = ''): Promise<string> => typed(exports, `node ${join(ROOT, 'dist/cli/lro.js')} ${command}`, home);
    const [floors] = lroCommandsIn(pageText('docs/batches.md')).filter((command) => command.startsWith('batch run'));
    expect(await lro(floors)).toMatch(/3 succeeded/);
    const schedule = lroCommandsIn(pageText('docs/schedules.md')).filter((command) => /^schedule \w+ floors/.test(command));
    expect(schedule).toHaveLength(4);
    for (const command of schedule) await lro(command);

    demo.type(KEYS.ctrlC);
    expect(await demo.ended()).toBe(0);
  } finally {
    await demo.close();
  }
  await expectNothingLeft({ folder });
});
