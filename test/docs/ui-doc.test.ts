/** The sections of docs/ui.md to which details of workflows link. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { batchDetails, operationDetails } from '../../src/client/static-details';
import { TROUBLE_KINDS } from '../../src/contract';
import { runbookLink } from '../../src/contract/runbooks';

const page = readFileSync(resolve(__dirname, '../../docs/ui.md'), 'utf8');
const anchors = [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
  heading
    .toLowerCase()
    .replaceAll(' ', '-')
    .replaceAll(/[^\w-]/g, ''),
);

function anchorIn(text: string): string {
  return /docs\/ui\.md#([\w-]+)/.exec(text)?.[1] ?? text;
}

test.each(TROUBLE_KINDS)('the page says what to do about %s', (kind) => {
  expect(anchors).toContain(anchorIn(runbookLink(kind, undefined)));
});

test('the page says what stands on the pages of operations and batches', () => {
  expect(anchors).toContain(anchorIn(operationDetails({ submit: { path: '/things' } })));
  expect(anchors).toContain(anchorIn(batchDetails({ items: [] })));
});

test('whatever an input is, its details are short and say where to read on', () => {
  const inputs: unknown[] = [
    null,
    7,
    { submit: null },
    { submit: { path: 7 } },
    { labels: 7, steps: 7, items: 7 },
    { labels: { a: 'x'.repeat(100_000) } },
  ];
  for (const input of inputs) {
    const texts = [operationDetails(input as never), batchDetails(input as never)];
    for (const text of texts) expect(text.length).toBeLessThan(5000);
    for (const text of texts) expect(text).toContain('docs/ui.md#');
  }
});
