/** The recordings in docs/images: each picture is drawn of its cast, small, and tells nothing of the machine it was made on. */
import { readFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { resolve } from 'node:path';
import { castText, readCast, tellsOfMachine } from './cast';
import { framesOf } from './frames';
import { svgOf } from './svg';

const MAX_BYTES = 200_000;

function file(name: string): string {
  return readFileSync(resolve(__dirname, '../../docs/images', name), 'utf8');
}

test.each([
  ['lro-dev', ['✓ the emulator is ready', 'Type next, in another terminal:']],
  ['lro-run', ['operation ', 'next poll in 2 s', 'Succeeded']],
  ['lro-batch', ['ETA ', 'items/s', '120 succeeded']],
])('%s is a picture of its cast', async (name, words) => {
  const written = file(`${name}.cast`);
  const cast = readCast(written);
  expect(castText(cast)).toBe(written);
  const svg = svgOf(cast, await framesOf(cast));
  expect(file(`${name}.svg`)).toBe(svg);
  expect(Buffer.byteLength(svg)).toBeLessThan(MAX_BYTES);
  for (const word of words) expect(svg).toContain(word);
  expect(tellsOfMachine(written + svg)).toEqual([]);
});

test('what tells of a machine is found', () => {
  for (const word of [hostname(), userInfo().username, '/home/ann/lro', '/tmp/durable-lro-1', '/opt/temporal'])
    expect(tellsOfMachine(`by ${word} now`)).toContain(word);
  expect(tellsOfMachine('http://127.0.0.1:4010/tmp/1 --path /mapData ./temporal')).toEqual([]);
});
