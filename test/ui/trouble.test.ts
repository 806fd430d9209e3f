/**
 * What an operator finds in Temporal's UI, in a browser: each kind of trouble by a filter of the list, and its cause, since when and the next
 * try on the first screen of the workflow's page. It takes a minute: with `LRO_LONG=1`; with `LRO_PICTURES=1` it also takes the pictures of
 * docs/ui.md.
 */
import { resolve } from 'node:path';
import { eventually } from '../support/eventually';
import { chromiumPath, Ui, type Clip } from './browser';
import { startTroubles, TROUBLES, type TroubledServer } from './troubles';

const path = chromiumPath();
const takesPictures = process.env['LRO_PICTURES'] === '1';
const isLong = process.env['LRO_LONG'] === '1' || takesPictures;
const why = path === undefined ? 'there is no Chromium: set LRO_CHROMIUM' : 'only with LRO_LONG=1';
const browserTest = path !== undefined && isLong ? test : test.skip;

let troubled: TroubledServer;
let ui: Ui;

beforeAll(async () => {
  if (path === undefined || !isLong) return;
  troubled = await startTroubles();
  ui = await Ui.open(path, troubled.server.uiUrl ?? '');
});

afterAll(async () => {
  if (path === undefined || !isLong) return;
  await ui.close();
  await troubled.close();
});

async function picture(name: string, clip: Clip): Promise<void> {
  if (takesPictures) await ui.picture(resolve(__dirname, `../../docs/images/${name}.png`), clip);
}

const LIST: Clip = { x: 272, y: 64, width: 992, height: 600 };
const PAGE: Clip = { x: 272, y: 64, width: 992, height: 836 };

browserTest.each(Object.entries(TROUBLES))(`%s is found by a filter, and its page says why (${why})`, async (id, { query, cause }) => {
  const { client } = troubled.harness;
  await eventually(
    async () => (await client.workflow.count(query)).count,
    (count) => count > 0,
  );
  expect(await ui.listed(query, id)).toEqual([id]);
  await ui.choose(id);
  // The timeline comes first.
  await ui.onFirstScreen(/^[A-Z]\w+ since \S*\d\d:\d\d:\d\dZ, next (submit|try) \d\d:\d\d:\d\dZ/);
  await ui.details();
  await ui.onFirstScreen(cause);
  await ui.onFirstScreen(/since 2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\dZ/);
  await ui.onFirstScreen(/next try( no\. \d+)?: 2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\dZ/);
  await ui.onFirstScreen(/docs\/ui\.md#/);
  if (id === 'submit-throttled') await picture('throttled', PAGE);
});

browserTest(`a batch whose items are in trouble is found, and its page says which failed first (${why})`, async () => {
  const { lro, client } = troubled.harness;
  const items = Array.from({ length: 20 }, (_, index) => ({
    id: `floor-${index}`,
    connection: index < 2 ? 'rejecting' : 'poll-unauthorized',
    submit: { path: '/things' },
  }));
  const { id } = await lro.startBatch({ items }, { id: 'nightly-7' });
  const query = 'WorkflowType = "runBatch" AND ExecutionStatus = "Running" AND LroTrouble = "Unauthorized"';
  await eventually(
    async () => (await client.workflow.count(query)).count,
    (count) => count > 0,
  );
  expect(await ui.listed(query, id)).toEqual([id]);
  await ui.choose(id);
  await ui.details();
  await ui.onFirstScreen(/in trouble.*18 Unauthorized of 18 open/);
  await ui.onFirstScreen(/AuthenticationFailed: the key has expired/);
  await ui.onFirstScreen(/floor-0 failed: SubmissionRejected.*the drawing has no layers/);
  await picture('batch', PAGE);
  await ui.listed('ExecutionStatus = "Running" AND LroTrouble IS NOT NULL', id);
  await picture('list', LIST);
  await lro.getBatch(id).cancel();
});
